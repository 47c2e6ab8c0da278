#!/usr/bin/env python3
"""The results of scripts that init.c has run in the ARM Linux system.

    python3 results.py unpack FOLDER < CONSOLE     takes them out of what the console showed
    python3 results.py replay FOLDER INTERPRETER SCRIPT
                                                   does what SCRIPT did: its output, its status
    python3 results.py replay FOLDER INTERPRETER -c CODE
                                                   asks the command INTERPRETER, the same program
                                                   outside of the system

So a runner that compares programs, and asks first what a build has, can take
`results.py replay FOLDER INTERPRETER` for the interpreter.
"""

import os
import re
import shlex
import subprocess
import sys

HEADER = re.compile(rb"init: script (\S+) (-?\d+) (\d+) (\d+) (-?\d+)\n")
NOT_RUN = 127


def unpack(folder):
    """Returns how many there are; prints what else init said, and the most memory used."""
    console = sys.stdin.buffer.read().replace(b"\r\n", b"\n")
    os.makedirs(folder, exist_ok=True)
    count = peak = 0
    at = 0
    while True:
        match = HEADER.search(console, at)
        if not match:
            break
        name = match.group(1).decode()
        status, out, err, used = (int(word) for word in match.groups()[1:])
        at = match.end()
        for ending, data in ((".out", console[at : at + out]),
                             (".err", console[at + out : at + out + err]),
                             (".status", b"%d" % status)):
            with open(os.path.join(folder, name + ending), "wb") as file:
                file.write(data)
        at += out + err
        count += 1
        if used > peak:
            peak = used
    print("%d scripts ran in the ARM Linux system; the most that one had used is %d KB"
          % (count, peak), file=sys.stderr)
    return count


def replay(folder, interpreter, script, *rest):
    if script == "-c":
        return subprocess.call(shlex.split(interpreter) + [script, *rest])
    path = os.path.join(folder, os.path.basename(script))
    try:
        for stream, ending in ((sys.stdout, ".out"), (sys.stderr, ".err")):
            with open(path + ending, "rb") as file:
                stream.buffer.write(file.read())
                stream.flush()
        with open(path + ".status") as file:
            return int(file.read())
    except FileNotFoundError:
        print("the system has not run", script, file=sys.stderr)
        return NOT_RUN


def main():
    command, folder, *rest = sys.argv[1:]
    if command == "unpack":
        return 0 if unpack(folder) else 1
    return replay(folder, *rest)


if __name__ == "__main__":
    sys.exit(main())
