#!/usr/bin/env python3
"""Run small programs on the modules in every order of their threads.

    tools/build.sh explore
    python3 tests/run_explore.py --explorer build/host/micropython-explore
    python3 tests/run_explore.py --explorer build/host/micropython-explore --seed 7 Queue

tests/explore/programs.py has the programs; a WORD is a part of a name there. Then each fault that
a BUG_ switch of modules/threading and modules/queue stands for must be found. With --seconds S
samples of programs are run for so long, without the faults: random ones, or those from --seed on.

Closes with `NAME: N passed, N failed, N skipped`; exit status 1 if anything failed.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "explore" / "programs.py"
TIMEOUT = 600

# Where a fault is looked for: by the second word of its name.
WORDS = {
    "RLOCK": ["RLock"],
    "CONDITION": ["condition_"],
    "EVENT": ["Event"],
    "BARRIER": ["barrier_"],
    "THREAD": ["thread_"],
    "QUEUE": ["queue_", "interrupted_", "Queue"],
    "SIMPLE": ["interrupted_", "SimpleQueue"],
}


def bugs():
    for folder in ("threading", "queue"):
        for path in sorted((HERE.parent / "modules" / folder).glob("*.c")):
            yield from re.findall(r"^#ifndef (BUG_\w+)", path.read_text(), re.MULTILINE)


def run(explorer, arguments, bug=None):
    env = dict(os.environ, **({"EXPECT_FAILURE": bug} if bug else {}))
    try:
        done = subprocess.run(
            [*explorer, str(PROGRAMS), *map(str, arguments)], env=env, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        print("did not end in %d s" % TIMEOUT)
        return False
    if bug and done.returncode < 0:
        print("%s found by a crash" % bug)
        return True
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="explore", help="name of this run in the closing line")
    parser.add_argument("--explorer", required=True, help="command of the build for it")
    parser.add_argument("--seed", type=int, help="of the sample of programs")
    parser.add_argument("--seconds", type=float, help="for so long, sample after sample")
    parser.add_argument("words", nargs="*", metavar="WORD")
    options = parser.parse_args()
    explorer = shlex.split(options.explorer)
    counts = {True: 0, False: 0}
    end = time.monotonic() + (options.seconds or 0)
    seed = options.seed
    if seed is None:
        # A test is the same each time, a stress is not.
        seed = int.from_bytes(os.urandom(4), "big") if options.seconds else 1
    while True:
        print("seed %d:" % seed, flush=True)
        counts[run(explorer, ["--seed", seed, *options.words])] += 1
        seed += 1
        if time.monotonic() >= end:
            break
    if not options.seconds and not options.words:
        for bug in bugs():
            counts[run(explorer, WORDS[bug.split("_")[1]], bug)] += 1
    print("{}: {} passed, {} failed, 0 skipped".format(options.name, counts[True], counts[False]))
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
