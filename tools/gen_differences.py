#!/usr/bin/env python3
"""Writes docs/differences.md: what tests/cpydiff says, and what its scripts print.

    python3 tools/gen_differences.py --micropython build/host/micropython [--cpython CMD]

A script begins with a docstring in the format of MicroPython's tests/cpydiff. One with a line
`# keys: Ctrl-C, Enter` runs in a terminal; the keys are pressed, the first at its prompt, each
other one when a line has come since, all when the script waits.
"""

import argparse
import os
import pty
import re
import subprocess
import sys
import termios
import textwrap
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import run_both

SCRIPTS = ROOT / "tests" / "cpydiff"
PAGE = ROOT / "docs" / "differences.md"

FIELDS = ("categories", "description", "cause", "workaround")
DOCSTRING = re.compile('"""\n' + "".join(f + ": (.+)\n" for f in FIELDS) + '"""\n')
KEYS = {"Ctrl-C": b"\x03", "Enter": b"\r"}
TIMEOUT = 60

# What the scripts print may be another thing with another.
VERSION = "1.25"

HEADER = """\
Of MicroPython {} with the `threads` variant; what has nothing to do with threads is in
[MicroPython's documentation](https://docs.micropython.org/en/latest/genrst/index.html).
`tools/gen_differences.py` has written this page from what the scripts of `tests/cpydiff` say and
print; `make test` checks that they still do.
""".format(VERSION)


class Difference:
    """A script, what its docstring says, and what it has printed, once run() was called."""

    def __init__(self, path):
        self.path = path
        text = path.read_text()
        match = DOCSTRING.match(text)
        if match is None:
            raise ValueError("{}: no docstring with {}".format(path.name, ", ".join(FIELDS)))
        self.categories, self.description, self.cause, self.workaround = match.groups()
        match = re.search("^# keys: (.+)$", text, re.M)
        self.keys = [KEYS[key] for key in match.group(1).split(", ")] if match else []

    def run(self, cpython, micropython):
        start = run_in_terminal if self.keys else run
        self.cpython = start(cpython, self)
        self.micropython = start(micropython, self)

    def differs(self):
        return self.cpython != self.micropython


def differences():
    return [Difference(path) for path in sorted(SCRIPTS.glob("*.py"))]


def run(command, script):
    """What the script prints, on both streams."""
    process = subprocess.run(
        command + [script.path.name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=str(SCRIPTS),
        env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
        timeout=TIMEOUT,
    )
    return process.stdout.decode().replace(str(SCRIPTS) + "/", "")


def run_in_terminal(command, script):
    """The same in a terminal that does not echo. The shell opens it, so that Ctrl-C is for it."""
    master, slave = pty.openpty()
    mode = termios.tcgetattr(slave)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    shell = ["sh", "-c", 'exec <"$0" >"$0" 2>&1; exec "$@"', os.ttyname(slave)]
    process = subprocess.Popen(
        shell + command + [script.path.name], stdin=slave, cwd=str(SCRIPTS), start_new_session=True
    )
    os.close(slave)
    limit = threading.Timer(TIMEOUT, process.kill)
    limit.start()
    text = press_keys(master, script.keys, process)
    process.wait()
    limit.cancel()
    os.close(master)
    return text.decode().replace("\r", "")


def press_keys(terminal, keys, process):
    """All that comes from the terminal until it ends."""
    keys = list(keys)
    awaited, since, text = b": ", 0, b""
    while True:
        try:
            text += os.read(terminal, 1000)
        except OSError:  # nobody has it open any more
            return text
        if keys and awaited in text[since:]:
            awaited, since = b"\n", len(text)
            wait_asleep(process)
            os.write(terminal, keys.pop(0))


def wait_asleep(process):
    """Until all threads of the process have been asleep for a while, or it has ended."""
    times = 0
    while times < 10 and process.poll() is None:
        times = times + 1 if states(process.pid) == {"S"} else 0
        time.sleep(0.01)


def states(pid):
    """What the kernel says of the process's threads: a set of letters, S for asleep."""
    try:
        tasks = Path("/proc/{}/task".format(pid)).glob("*/stat")
        return {task.read_text().rpartition(")")[2].split()[0] for task in tasks}
    except OSError:  # one has ended meanwhile
        return set()


def shown(name, output):
    """The lines of an output behind the name of its interpreter."""
    first, *others = output.rstrip("\n").split("\n")
    lines = [name + first] + [" " * len(name) + line for line in others]
    return "".join(line.rstrip() + "\n" for line in lines)


def paragraph(text):
    return "\n{}\n".format(textwrap.fill(" ".join(text.split()), 120))


def page(all_of_them):
    parts = ["# Differences from CPython\n", paragraph(HEADER)]
    category = None
    for d in sorted(all_of_them, key=lambda d: (d.categories, d.path.name)):
        if d.categories != category:
            category = d.categories
            parts.append("\n## {}\n".format(category.replace(",", ": ")))
        text = "**{}.** {} *Workaround:* {}".format(d.description, d.cause, d.workaround)
        parts.append(paragraph(text))
        parts.append("\n```\n{}{}```\n".format(
            shown("CPython:     ", d.cpython), shown("MicroPython: ", d.micropython)))
    return "".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--micropython", required=True, help="command of our interpreter")
    parser.add_argument("--cpython", default="/usr/bin/python3", help="CPython to compare with")
    options = parser.parse_args()
    found = differences()
    for difference in found:
        difference.run(run_both.absolute(options.cpython), run_both.absolute(options.micropython))
        if not difference.differs():
            sys.exit("{}: no difference".format(difference.path.name))
    PAGE.write_text(page(found))


if __name__ == "__main__":
    main()
