#!/usr/bin/env python3
"""Checks what is written about the modules against what they do.

    python3 tests/run_docs.py --name docs --micropython build/host/micropython [filter ...]

A filter is a part of a check's name; with none, all run:

    differences             each script of tests/cpydiff prints something else on MicroPython than
                            on CPython, and docs/differences.md says what

The last line is `NAME: N passed, N failed, N skipped`; the exit status is 1 if any failed.
"""

import argparse
import concurrent.futures
import difflib
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import gen_differences
import run_both


class Skip(Exception):
    pass


def diff(written, where, got):
    lines = [text.splitlines() for text in (written, got)]
    return list(difflib.unified_diff(*lines, "written", where, lineterm=""))


############################################################
# Differences


def check_differences(options):
    """Of the version that the page is about: others may differ in less."""
    code = "import sys; print(*sys.implementation.version[:2], sep='.')"
    command = options.micropython_command + ["-c", code]
    version = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    if version != gen_differences.VERSION:
        raise Skip("the page is about MicroPython " + gen_differences.VERSION)
    faults = []
    differences = gen_differences.differences()
    for difference in differences:
        difference.run(options.cpython_command, options.micropython_command)
        if not difference.differs():
            faults += ["{}: both print".format(difference.path.name), difference.cpython]
    written = gen_differences.PAGE.read_text() if gen_differences.PAGE.exists() else ""
    return faults + diff(written, "printed", gen_differences.page(differences))


############################################################


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="docs", help="name of this run in the closing line")
    parser.add_argument("--micropython", required=True, help="command of the build under test")
    parser.add_argument("--cpython", default="/usr/bin/python3", help="CPython to compare with")
    parser.add_argument("--jobs", type=int, default=2, help="checks that run at once")
    parser.add_argument("--timeout", type=float, default=60, help="seconds that a run may take")
    parser.add_argument("filters", nargs="*", metavar="filter", help="part of a check's name")
    options = parser.parse_args()
    options.micropython_command = run_both.absolute(options.micropython)
    options.cpython_command = run_both.absolute(options.cpython)
    return options


class Check:
    def __init__(self, name, function):
        self.name = name
        self.function = function  # of the options; returns a list of faults


def checks():
    yield Check("differences", check_differences)


def main():
    options = parse_options()
    chosen = list(checks())
    if options.filters:
        chosen = [c for c in chosen if any(f in c.name for f in options.filters)]
    report = run_both.Report(len(chosen))

    def one(check):
        try:
            faults = check.function(options)
            report.add(check, "failed" if faults else "passed", faults)
        except Skip as e:
            report.add(check, "skipped", [str(e)])

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, chosen))
    report.clear()
    print("{}: {passed} passed, {failed} failed, {skipped} skipped".format(
        options.name, **report.counts))
    return 1 if report.counts["failed"] or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
