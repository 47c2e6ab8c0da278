#!/usr/bin/env python3
"""Runs examples/test_threading.py many times at once on busy cores and checks every run.

    python3 tools/soak_demo.py --micropython 'CMD...' --work FOLDER [--runs N] [--jobs N]

The script's sleeps are cut to 0.02 s, in a copy in FOLDER. With --in-real-time they are not, and
the cores are left idle. A run that differs, fails or hangs is printed. Closes with "N exact of N" and `soak: N passed, N failed, N skipped`.
"""

import argparse
import concurrent.futures
import os
import shlex
import subprocess
import sys
import time

import check_demo

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../examples/test_threading.py")
SLEEP, SHORT_SLEEP = "time.sleep(1)", "time.sleep(0.02)"

# A run takes 0.1 s on an idle machine and a few seconds under QEMU on a loaded one: what takes
# a minute hangs.
TIMEOUT_S = 60

# As many as a small machine has cores; more would only make the soak longer.
BURNERS = 2

# Keeps a core busy, and ends when the soak was killed and could not end it.
BURN = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1000000):
        pass
"""

# Beyond these, further runs that differ are only counted.
SHOWN_FAILURES = 5


def write_script(folder, sleep, first_line):
    with open(SCRIPT) as file:
        text = file.read()
    if text.count(SLEEP) != 1:
        raise SystemExit("error: {} is not once in {}".format(SLEEP, SCRIPT))
    kind = "long" if sleep == SLEEP else "short"
    name = os.path.join(folder, "test_threading_{}.py".format(kind))
    with open(name, "w") as file:
        file.write(first_line + "\n" + text.replace(SLEEP, sleep))
    return name


def run_once(command):
    """The text that shows what is wrong with one run, empty when it is exact."""
    try:
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as er:
        output = (er.stdout or b"").decode("utf-8", "backslashreplace")
        return check_demo.report("a run", output, ["hangs: no end in {} s".format(TIMEOUT_S)])
    output = run.stdout.decode("utf-8", "backslashreplace")
    faults = check_demo.check(output)
    if run.returncode:
        faults.append("the exit status is {}".format(run.returncode))
    if run.stderr:
        faults.append("stderr: {}".format(run.stderr.decode("utf-8", "backslashreplace")))
    return check_demo.report("a run", output, faults) if faults else ""


class Progress:
    """One line that is rewritten on a terminal; elsewhere only its last state is printed."""

    def __init__(self, total):
        self.total = total
        self.live = sys.stdout.isatty()
        self.start = time.monotonic()

    def show(self, done, failed):
        if self.live or done == self.total:
            line = "{} of {} runs, {} differ, {:.0f} s".format(
                done, self.total, failed, time.monotonic() - self.start
            )
            print("\r" + line if self.live else line, end="", flush=True)
            if done == self.total:
                print()

    def interrupt(self, text):
        print(("\n" if self.live else "") + text, end="", flush=True)


def soak(command, runs, jobs, burner_count):
    """The number of runs that are not exact."""
    failed = 0
    progress = Progress(runs)
    burners = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(burner_count)]
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        waiting = [pool.submit(run_once, command) for _ in range(runs)]
        for done, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            if future.result():
                failed += 1
                if failed <= SHOWN_FAILURES:
                    progress.interrupt(future.result())
            progress.show(done, failed)
    finally:
        pool.shutdown(cancel_futures=True)
        for burner in burners:
            burner.kill()
            burner.wait()
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--micropython", required=True, help="the command that runs it")
    parser.add_argument("--work", required=True, help="folder for the shortened script")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--first-line", default="", help="put before the script")
    parser.add_argument(
        "--in-real-time", action="store_true", help="not shortened, and on cores left idle"
    )
    args = parser.parse_args()
    sleep = SLEEP if args.in_real_time else SHORT_SLEEP
    command = shlex.split(args.micropython) + [write_script(args.work, sleep, args.first_line)]
    failed = soak(command, args.runs, args.jobs, 0 if args.in_real_time else BURNERS)
    print("{} exact of {}".format(args.runs - failed, args.runs))
    print("soak: {} passed, {} failed, 0 skipped".format(args.runs - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
