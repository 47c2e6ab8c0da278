#!/usr/bin/env python3
"""Checks what is written about the modules against what they do.

    python3 tests/run_docs.py --name docs --micropython build/host/micropython [filter ...]

A filter is a part of a check's name; with none, all run:

    example NAME.rst:LINE   prints on CPython and on MicroPython what its comments say
    differences             each script of tests/cpydiff prints something else on MicroPython than
                            on CPython, and docs/differences.md says what

The last line is `NAME: N passed, N failed, N skipped`; the exit status is 1 if any failed.
"""

import argparse
import concurrent.futures
import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import gen_differences
import run_both

MANUAL = ROOT / "docs" / "library"
MODULES = ("threading", "queue")


class Skip(Exception):
    pass


def diff(written, where, got):
    lines = [text.splitlines() for text in (written, got)]
    return list(difflib.unified_diff(*lines, "written", where, lineterm=""))


############################################################
# Examples: a literal block of the manual is a program. Its lines `# -> TEXT`, or what stands so
# behind a statement, are its output. `# since 3.14` in the first line: not for older CPythons.


class Example:
    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.output = "".join(line + "\n" for line in re.findall(r"# -> (.*)$", text, re.M))
        match = re.match(r"# since (\d+)\.(\d+)\n", text)
        self.since = (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def examples():
    for module in MODULES:
        path = MANUAL / (module + ".rst")
        lines = path.read_text().splitlines()
        for i, line in enumerate(lines):
            if line.endswith("::") and not line.startswith(".. "):
                block = literal_block(lines[i + 1 :], len(line) - len(line.lstrip()))
                yield Example("{}:{}".format(path.name, i + 1), block)


def literal_block(lines, indent):
    """The lines that are indented deeper, without what all have in common."""
    block = []
    for line in lines:
        if line and len(line) - len(line.lstrip()) <= indent:
            break
        block.append(line)
    margin = min(len(line) - len(line.lstrip()) for line in block if line)
    return "\n".join(line[margin:] for line in block).strip("\n") + "\n"


def check_example(example, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.py"
        path.write_text(example.text)
        runs = [("MicroPython", options.micropython_command)]
        if options.version >= example.since:
            runs.append(("CPython", options.cpython_command))
        faults = [] if example.output else ["prints nothing, so shows nothing"]
        for name, command in runs:
            result = run_both.run(command, path, options.timeout)
            faults += diff(example.output, name, result.stdout)
            if result.status or result.stderr:
                faults += ["{}: exit status {}".format(name, result.status), result.stderr]
    return faults


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
    options.version = run_both.cpython_version(options.cpython_command)
    return options


class Check:
    def __init__(self, name, function):
        self.name = name
        self.function = function  # of the options; returns a list of faults


def checks():
    for example in examples():
        yield Check("example " + example.name, lambda o, e=example: check_example(e, o))
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
