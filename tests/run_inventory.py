#!/usr/bin/env python3
"""Compares every public name of threading and queue with CPython's.

    python3 tests/run_inventory.py --name inventory --micropython build/host/micropython

tests/inventory/table.txt has one name a line, `[SINCE] KIND NAME[(PARAMETERS)]`; SINCE is the
CPython that has it first. The kinds:

    call    a function, a class or a method with these parameters
    base    a class that is a subclass of the one in parentheses
    error   an exception, likewise
    with    what a with statement takes
    read    an attribute that cannot be set
    write   an attribute that can be set
    attr    an attribute; programs do not set it
    value   anything else

The table is compared with CPython's dir() and inspect.signature(). Then every name is used, each
call in every form (positional, by keyword, too few and too many arguments, an unknown keyword),
on CPython and on MicroPython, and what the calls return is compared.

Each name is a test. The last line is `NAME: N passed, N failed, N skipped`.
"""

import argparse
import os
import shlex
import subprocess
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inventory")
TABLE = os.path.join(HERE, "table.txt")

# Up to 3.11 it accepts any keyword.
CPYTHON_BUGS = ["call queue.SimpleQueue.get_nowait"]

# What MicroPython is asked for: all there is.
NEWEST = "3.99"


def absolute(command):
    words = shlex.split(command)
    return [os.path.abspath(w) if "/" in w and os.path.exists(w) else w for w in words]


def lines_of(command, script, *args):
    """{test: what was found}, as the script prints them."""
    process = subprocess.run(
        command + [os.path.join(HERE, script), TABLE, *args],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120,
    )
    lines = [line.split("\t") for line in process.stdout.decode().splitlines()]
    if process.returncode != 0:
        lines.append(["end of " + script, "exit status {}".format(process.returncode)])
    return dict(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="inventory", help="name of this run in the closing line")
    parser.add_argument("--micropython", required=True, help="command of the build under test")
    parser.add_argument("--cpython", default="/usr/bin/python3", help="CPython to compare with")
    options = parser.parse_args()
    cpython = absolute(options.cpython) + ["-B", "-W", "ignore"]
    version = subprocess.check_output(
        cpython + ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).decode().strip()
    failed = []

    def check(where, test, found, want):
        if found != want:
            failed.append(test)
            print("failed: {} {}: {}{}".format(
                where, test, found, "; CPython: " + want if want[:3] == "ok " else ""))

    signatures = lines_of(cpython, "against_cpython.py")
    for test, found in signatures.items():
        check("table", test, found, "ok")
    theirs = lines_of(cpython, "probe.py", version)
    ours = lines_of(absolute(options.micropython), "probe.py", NEWEST)
    for test in CPYTHON_BUGS:
        theirs.pop(test, None)
    for test, found in theirs.items():
        check("CPython " + version, test, found, found if found[:3] == "ok " else "ok")
    for test, found in ours.items():
        want = theirs.get(test, found)
        check("MicroPython", test, found, want if want[:3] == "ok " else "ok")
    for test in theirs.keys() - ours.keys():
        check("MicroPython", test, "not asked", "ok")
    total = len(signatures) + len(theirs) + len(ours)
    print("{}: {} passed, {} failed, 0 skipped".format(
        options.name, total - len(failed), len(failed)))
    return 1 if failed or not ours else 0


if __name__ == "__main__":
    sys.exit(main())
