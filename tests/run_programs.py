#!/usr/bin/env python3
"""Runs programs that nobody here wrote: CPython's own, read from where the machine has them.

    python3 tests/run_programs.py --work build/programs --micropython PROGRAM [filter ...]

Two kinds of tests:

    sched_events        tests/programs/sched_events.py, which uses modules of CPython's library
                        that are written in Python, prints the same on both
    test_queue.A.b      a test of CPython's own test-suite (Debian: libpython3-testsuite)
                        passes, in a process of its own

MicroPython gets the files of FILES, as they are but for the edits named there, and the stubs of
tests/programs/stubs for what it lacks. CANNOT says what cannot run and why; such a test must
fail, or it is named. Closes with `NAME: N passed, N failed, N skipped`.
"""

import argparse
import concurrent.futures
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import run_both

PROGRAMS = Path(__file__).resolve().parent / "programs"

# What MicroPython's compiler does not take, or its types do not have: a pattern, its replacement.
POSITIONAL_ONLY = (r"(\(self, fn), /,", r"\1,")
FIELD_DOCSTRINGS = (r"(?m)^Event\.\w+\.__doc__ = \('''[^']*'''\)\n", "")
METHOD_DOCSTRINGS = (r"(?m)^ +\w+\.__doc__ = .*\n", "")
STAR_IN_LIST = (r"\[\*sys\.exc_info\(\), None\]", "list(sys.exc_info()) + [None]")
SUPER_OF_MIXIN = (r"(self\.FailingQueue = FailingQueue)\n\n.*super.*", r"\1")
SUPER_IN_SERVER = (
    r"super\(\)\.server_close\(\)(\n\s*self\._threads)",
    r"TCPServer.server_close(self)\1",
)
SLICE_OF_GENERATOR = (r"self\[:\] = \((.*)\)\n", r"self[:] = [\1]\n")
# CPython's private names for what is here one public class.
TIMEOUT_MAX = (
    r"import start_new_thread, TIMEOUT_MAX",
    "import start_new_thread\nfrom threading import TIMEOUT_MAX",
)
LOCAL = (r"_thread\._local", "threading.local")
RLOCK = (r"threading\._(Py|C)RLock", "threading.RLock")

# A file of CPython's library, its name for MicroPython, the edits.
FILES = (
    ("concurrent/futures/__init__.py", None, ()),
    ("concurrent/futures/_base.py", None, (POSITIONAL_ONLY,)),
    ("concurrent/futures/thread.py", None, (POSITIONAL_ONLY, METHOD_DOCSTRINGS)),
    ("queue.py", "cpython_queue.py", ()),
    ("sched.py", None, (FIELD_DOCSTRINGS,)),
    ("socketserver.py", None, (SUPER_IN_SERVER, SLICE_OF_GENERATOR)),
    ("test/lock_tests.py", None, (TIMEOUT_MAX,)),
    ("test/test_queue.py", None, (SUPER_OF_MIXIN,)),
    ("test/test_sched.py", None, ()),
    ("test/test_threading.py", None, (STAR_IN_LIST, RLOCK)),
    ("test/test_threading_local.py", None, (LOCAL,)),
)
# The tests of another CPython differ: the edits and programs/cannot.py are for Debian 12's.
SUITES_VERSION = (3, 11)
SUITES = ("test_queue", "test_sched", "test_threading", "test_threading_local")

# Seconds for a test that cannot pass: some wait for what does not come.
FAILING_TIMEOUT = 5


def load_cannot():
    spec = importlib.util.spec_from_file_location("cannot", str(PROGRAMS / "cannot.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CANNOT


def assemble(library, folder):
    """Puts the stubs and CPython's files into folder; returns the names of those not there."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PROGRAMS / "stubs", folder)
    missing = []
    for name, new_name, edits in FILES:
        try:
            text = (library / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            missing.append(name)
            continue
        for pattern, replacement in edits:
            text = re.sub(pattern, replacement, text)
        target = folder / (new_name or name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return missing


class Program:
    """A script of ours that drives modules of CPython's library."""

    def __init__(self, path):
        self.script = run_both.Script(path)
        self.name = path.stem

    def faults(self, options, timeout):
        return self.script.differences(options)


class SuiteTest:
    """One test of CPython's test-suite."""

    def __init__(self, suite, name):
        self.name = "%s.%s" % (suite, name)
        self.code = "import unittest; unittest.run('test.%s', %r)" % (suite, name)

    def faults(self, options, timeout):
        command = options.micropython_command + ["-c"]
        got = run_both.run(command, self.code, timeout, options.work)
        last = got.stdout.splitlines()[-1:]
        if got.status == 0 and last == ["ok"]:
            return []
        if got.status == 0 and last and last[0].startswith("skipped "):
            return last
        text = (got.stdout + got.stderr).splitlines()[-15:]
        return ["exit status: %s" % got.status] + text


def suite_tests(options, suite):
    code = "import unittest; unittest.run('test.%s')" % suite
    listing = run_both.run(
        options.micropython_command + ["-c"], code, options.timeout, options.work
    )
    if listing.status != 0:
        raise SystemExit("cannot load %s:\n%s" % (suite, listing.stdout + listing.stderr))
    return [SuiteTest(suite, name) for name in listing.stdout.split()]


def reason(cannot, name):
    """The longest entry that the name begins with."""
    found = [key for key in cannot if (name + ".").startswith(key + ".")]
    return cannot[max(found, key=len)] if found else None


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="programs", help="name of this run in the closing line")
    parser.add_argument("--work", required=True, type=Path, help="folder for what is put together")
    parser.add_argument("--micropython", required=True, help="command of the build under test")
    parser.add_argument("--cpython", default="/usr/bin/python3", help="CPython to take from")
    parser.add_argument("--jobs", type=int, default=2, help="tests that run at once")
    parser.add_argument("--timeout", type=float, default=60, help="seconds that a test may take")
    parser.add_argument("filters", nargs="*", metavar="filter", help="part of a test's name")
    options = parser.parse_args()
    options.micropython_command = run_both.absolute(options.micropython)
    options.command_under_test = options.micropython_command
    options.cpython_command = run_both.absolute(options.cpython) + ["-W", "ignore"]
    options.version = run_both.cpython_version(options.cpython_command)
    return options


def main():
    options = parse_options()
    code = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    library = Path(
        subprocess.run(
            options.cpython_command + ["-c", code], stdout=subprocess.PIPE, check=True, text=True
        ).stdout.strip()
    )
    options.work = options.work.resolve()
    missing = assemble(library, options.work / "lib")
    run_both.LIB = str(options.work / "lib")
    cannot = load_cannot()
    tests = [Program(path) for path in sorted(PROGRAMS.glob("[!_]*.py")) if path.stem != "cannot"]
    if options.version != SUITES_VERSION:
        missing = ["test-suite of CPython %d.%d" % SUITES_VERSION]
    elif not any(name.startswith("test/") for name in missing):
        for suite in SUITES:
            tests += suite_tests(options, suite)
    if options.filters:
        tests = [t for t in tests if any(f in t.name for f in options.filters)]
    report = run_both.Report(len(tests))

    def one(test):
        why = reason(cannot, test.name)
        faults = test.faults(options, FAILING_TIMEOUT if why else options.timeout)
        if why and faults:
            report.add(test, "skipped", [why])
        elif why:
            report.add(test, "failed", ["it passes: take it out of programs/cannot.py", why])
        elif faults and faults[0].startswith("skipped "):
            report.add(test, "skipped", faults)
        else:
            report.add(test, "failed" if faults else "passed", faults)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, tests))
    report.clear()
    for name in missing:
        print("skipped: {}: not on this machine".format(name))
    report.counts["skipped"] += len(missing)
    print("{}: {passed} passed, {failed} failed, {skipped} skipped".format(
        options.name, **report.counts))
    return 1 if report.counts["failed"] or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
