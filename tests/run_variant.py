#!/usr/bin/env python3
"""Run the tests of tests/variant: what our MicroPython promises and CPython cannot show.

    python3 tests/run_variant.py --name host --micropython build/host/micropython [filter ...]

A filter is a part of `module.function`; with none, all tests run. A test is a function test_*(t)
in a module of tests/variant; it starts the interpreter on a script, drives it from outside
(signals, pipes, limits) and raises Failure when something is not as promised. Tests marked
@alone measure time: they run one by one, after the others.

With --stress S only the tests marked @stress run, each of them over and over for S seconds.

--slow-factor F widens every band of time and every time limit: for an emulated machine, F = 10.
A test that is not finished after --timeout seconds (times F) has failed; whatever it has started
is killed, process groups and all. The last line is `NAME: N passed, N failed, N skipped`; the exit
status is 1 if any failed.
"""

import argparse
import concurrent.futures
import importlib
import os
import shlex
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from variant import harness  # noqa: E402 (found through the line above)

# Modules whose tests need what a build with DEBUG=1 has.
DEBUG_ONLY = ("debug", "faults")

# How often a stress, which may take long, tells how far it is, in seconds.
PROGRESS_PAUSE = 10


def absolute(command):
    """The interpreter runs in a folder of its own: a relative path is made absolute."""
    words = shlex.split(command)
    words[0] = shutil.which(words[0]) or words[0]
    return [os.path.abspath(w) if "/" in w and os.path.exists(w) else w for w in words]


def discover(folder, debug):
    """All tests, as (name, function), in the order in which they are written."""
    tests = []
    for path in sorted((HERE / folder).glob("*.py")):
        if folder == "variant" and path.stem in DEBUG_ONLY and not debug:
            continue
        module = importlib.import_module(folder + "." + path.stem)
        for name, value in vars(module).items():
            if name.startswith("test_") and callable(value):
                tests.append((path.stem + "." + name[len("test_") :], value))
    return tests


class Report:
    """Counts results and prints them as they come."""

    def __init__(self, total, durations):
        self.total = total
        self.durations = durations
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.lock = threading.Lock()
        self.running = {}  # tests and when they began

    def begin(self, t):
        with self.lock:
            self.running[t] = time.monotonic()

    def add(self, t, result, lines=()):
        with self.lock:
            name, seconds = t.name, time.monotonic() - self.running.pop(t)
            self.counts[result] += 1
            done = sum(self.counts.values())
            if result != "passed":
                print("{}: {}".format(result, name), *lines, sep="\n    ", flush=True)
            if self.durations:
                print("{:7.2f} s  {}{}".format(seconds, name, counted(t)), flush=True)
            if done % 20 == 0 or done == self.total:
                print("{}/{}".format(done, self.total), flush=True)

    def show_running(self):
        with self.lock:
            for t, start in self.running.items():
                seconds = time.monotonic() - start
                print("... {:3.0f} s  {}{}".format(seconds, t.name, counted(t)), flush=True)


def counted(t):
    text = ", ".join("{} {}".format(n, what) for what, n in sorted(t.counts.items()))
    return ": " + text if text else ""


def run_one(name, function, options, report):
    t = harness.Test(name, options)
    report.begin(t)
    result, lines = "passed", []
    try:
        function(t)
    except harness.Skip as e:
        result, lines = "skipped", [str(e)]
    except Exception as e:
        result, lines = "failed", t.describe(e)
        if not isinstance(e, harness.Failure):
            lines += traceback.format_exc().splitlines()
    finally:
        t.clean_up()
    report.add(t, result, lines)


def show_progress(report):
    while True:
        time.sleep(PROGRESS_PAUSE)
        report.show_running()


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="variant", help="name of this run in the closing line")
    parser.add_argument("--micropython", required=True, help="command of the build under test")
    parser.add_argument("--jobs", type=int, default=2, help="tests that run at once")
    parser.add_argument("--timeout", type=float, default=40, help="seconds that a test may take")
    parser.add_argument("--slow-factor", type=float, default=1, help="widens all bands of time")
    parser.add_argument("--stress", type=float, default=0, metavar="S",
                        help="only the tests marked @stress, each for so many seconds")
    parser.add_argument("--seed", type=int, help="of the random choices, as a failure names it")
    parser.add_argument("--debug", action="store_true", help="the build is one with DEBUG=1")
    parser.add_argument("--durations", action="store_true", help="print how long each test took")
    parser.add_argument("filters", nargs="*", metavar="filter", help="part of a test's name")
    options = parser.parse_args()
    options.command = absolute(options.micropython)
    options.timeout *= options.slow_factor
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4), "big")
    return options


def main(folder="variant"):
    options = parse_options()
    tests = discover(folder, options.debug)
    if options.stress:
        tests = [test for test in tests if harness.is_stress(test[1])]
    if options.filters:
        tests = [test for test in tests if any(f in test[0] for f in options.filters)]
    report = Report(len(tests), options.durations or options.stress)
    if options.stress:
        print("seed:", options.seed, flush=True)
        threading.Thread(target=show_progress, args=(report,), daemon=True).start()
    together = [test for test in tests if not harness.runs_alone(test[1])]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda test: run_one(*test, options, report), together))
    for test in tests:
        if test not in together:
            run_one(*test, options, report)
    print("{}: {passed} passed, {failed} failed, {skipped} skipped".format(
        options.name, **report.counts))
    return 1 if report.counts["failed"] or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
