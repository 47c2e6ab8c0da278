#!/usr/bin/env python3
"""Checks the output of examples/test_threading.py to the character, ids and clock aside.

    python3 tools/check_demo.py [FILE...]        without FILE: standard input

An id is a positive decimal integer, the same for one thread throughout and different between
threads. A clock is a valid date and time of the form 2017-09-29T14:01:20 and never goes back.
A run that differs is printed with what is wrong in it; the exit status is then 1.
"""

import datetime
import re
import sys

# Thread and text of each line, in order.
MAIN, T1, T2 = "_MainThread(MainThread", "Thread(t1", "Thread(t2"
EXPECTED = (
    (MAIN, "Started."),
    (T1, "enqueue 0"),
    (T2, "dequeue 0"),
    (T1, "enqueue 1"),
    (T2, "dequeue 1"),
    (T1, "enqueue 2"),
    (T2, "dequeue 2"),
    (T1, "enqueue 3"),
    (T2, "dequeue 3"),
    (T1, "finished iterations, exiting."),
    (T2, "received stop message, exiting."),
    (MAIN, "finished."),
)

# [0-9] and not \d, which also matches other scripts' digits.
LINE = re.compile(
    r"<(_?\w+\(\w+), started ([1-9][0-9]*)\)>"
    r" ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}) (.*)"
)


def is_clock(text):
    try:
        datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    return True


def check(output):
    """The faults of one run's output, a list of strings: empty when it is as expected."""
    faults = []
    ids = {}
    last_clock = ""
    if not output.endswith("\n"):
        faults.append("the last line does not end")
    lines = output.split("\n")[:-1] if output.endswith("\n") else output.split("\n")
    if len(lines) != len(EXPECTED):
        faults.append("{} lines instead of {}".format(len(lines), len(EXPECTED)))
    for number, (line, (thread, text)) in enumerate(zip(lines, EXPECTED), 1):
        where = "line {}: ".format(number)
        match = LINE.fullmatch(line)
        if match is None or match.group(1) != thread or match.group(4) != text:
            faults.append("{}expected <{}, started ID)> CLOCK {}".format(where, thread, text))
            continue
        ident, clock = match.group(2, 3)
        if ids.setdefault(thread, ident) != ident:
            faults.append("{}the thread's id was {} before".format(where, ids[thread]))
        if not is_clock(clock):
            faults.append("{}{} is no date and time".format(where, clock))
        elif clock < last_clock:
            faults.append("{}the clock goes back".format(where))
        last_clock = max(clock, last_clock)
    if len(set(ids.values())) != len(ids):
        faults.append("two threads have the same id: {}".format(ids))
    return faults


def report(name, output, faults):
    """The text that shows a run that differs."""
    shown = "".join("    | " + line + "\n" for line in output.splitlines())
    return "{} differs:\n{}{}".format(name, shown, "".join("    " + f + "\n" for f in faults))


def main(names):
    differ = 0
    for name in names or ["-"]:
        if name == "-":
            name, data = "standard input", sys.stdin.buffer.read()
        else:
            with open(name, "rb") as file:
                data = file.read()
        output = data.decode("utf-8", "backslashreplace")
        faults = check(output)
        if faults:
            differ += 1
            sys.stdout.write(report(name, output, faults))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
