#!/usr/bin/env python3
"""Runs MicroPython's own tests on our build; what its stock build passes must pass.

    python3 tools/run_upstream.py --mpy-dir TREE --work FOLDER --micropython PROGRAM
        --stock PROGRAM [--cpython PROGRAM] [TESTFOLDER...]

TESTFOLDER is a folder of TREE/tests; without it, FOLDERS below. The tests are run from a copy in FOLDER, because the runner
writes its results beside itself. A test that stock fails or skips too is counted as skipped
here; one that stock passes and ours skips is named. Closes with
`upstream: N passed, N failed, N skipped`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

# All that run on a Linux machine without a network.
FOLDERS = (
    "basics cmdline extmod float import io micropython misc stress thread unicode"
).split()

# A line of upstream's runner: the state of one test.
STATE = re.compile(r"^(pass|FAIL|skip|lrge)\s+(\S+)", re.MULTILINE)

# Upstream's runner types these into a terminal and takes 20 ms of silence for the end of the
# answer, so a busy machine fails them now and then, on stock too (1 in 40, with two other programs
# running). They may try again; nothing else may.
TIMED = re.compile(r"cmdline/repl_")
TRIES = 3

# What tests/ reaches for beside itself.
NEIGHBOURS = ("drivers", "examples", "extmod", "lib", "mpy-cross", "ports", "py", "shared", "tools")


def copy_tests(tree, work):
    shutil.rmtree(work, ignore_errors=True)
    tests = os.path.join(work, "tests")
    # copyfile and not copy: a read-only tree must not make a read-only copy.
    shutil.copytree(
        os.path.join(tree, "tests"), tests, symlinks=True, copy_function=shutil.copyfile
    )
    for folder, _, _ in os.walk(tests):
        os.chmod(folder, 0o755)
    for name in NEIGHBOURS:
        if os.path.isdir(os.path.join(tree, name)):
            os.symlink(os.path.join(tree, name), os.path.join(work, name))
    return tests


def needs_unittest(name):
    """Whether a test needs micropython-lib, which Debian's source package leaves out."""
    with open(name, encoding="utf-8", errors="ignore") as file:
        return re.search(r"^\s*import unittest", file.read(), re.MULTILINE) is not None


def start(tests, program, cpython, results, names):
    environment = dict(
        os.environ,
        MICROPY_MICROPYTHON=program,
        MICROPY_CPYTHON3=cpython,
        PYTHONDONTWRITEBYTECODE="1",
    )
    return subprocess.Popen(
        [cpython, "run-tests.py", "-j", "1", "-r", results] + names,
        cwd=tests,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run(tests, program, cpython, results, names):
    """The state of each test by its name.

    Upstream's runner mixes its lines when it runs tests at once, so there is one runner per core,
    each with its share of the tests.
    """
    cores = os.cpu_count()
    shares = [share for share in (names[i::cores] for i in range(cores)) if share]
    runners = [start(tests, program, cpython, results, share) for share in shares]
    outputs = [runner.communicate()[0].decode("utf-8", "backslashreplace") for runner in runners]
    states = {name: state for output in outputs for state, name in STATE.findall(output)}
    lacking = sorted(set(names) - set(states))
    if lacking:
        raise SystemExit("".join(outputs) + "error: not run: " + " ".join(lacking))
    return states


def show_difference(tests, results, name):
    """Prints what upstream's runner kept of a failed test: what is expected and what came."""
    base = os.path.join(results, name.replace("/", "_"))
    if os.path.exists(base + ".exp"):
        subprocess.run(["diff", "-u", base + ".exp", base + ".out"])
    elif os.path.exists(base + ".out"):
        with open(base + ".out", errors="backslashreplace") as file:
            print(file.read())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mpy-dir", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--micropython", required=True)
    parser.add_argument("--stock", required=True)
    parser.add_argument("--cpython", default=sys.executable)
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    args = parser.parse_args()

    tests = copy_tests(args.mpy_dir, os.path.abspath(args.work))
    results = os.path.join(tests, "results-ours")
    names = sorted(
        os.path.join(folder, name)
        for folder in args.folders
        for name in os.listdir(os.path.join(tests, folder))
        if name.endswith(".py")
    )
    left_out = [name for name in names if needs_unittest(os.path.join(tests, name))]
    names = [name for name in names if name not in left_out]
    program = os.path.abspath(args.micropython)
    ours = run(tests, program, args.cpython, results, names)
    for _ in range(TRIES - 1):
        again = [name for name in names if ours[name] == "FAIL" and TIMED.match(name)]
        ours.update(run(tests, program, args.cpython, results, again))
    passed = sum(state == "pass" for state in ours.values())
    rest = sorted(name for name, state in ours.items() if state != "pass")
    stock = {}
    if rest:
        stock_results = os.path.join(tests, "results-stock")
        stock = run(tests, os.path.abspath(args.stock), args.cpython, stock_results, rest)

    failed = 0
    skips = {"fails on stock too": [], "our build lacks it": [], "needs unittest": left_out}
    for name in rest:
        stock_passes = stock.get(name) == "pass"
        if ours[name] == "FAIL" and stock_passes:
            failed += 1
            print("FAIL {} (stock passes)".format(name))
            show_difference(tests, results, name)
        elif ours[name] == "FAIL":
            skips["fails on stock too"].append(name)
        elif stock_passes:
            skips["our build lacks it"].append(name)
    for why, skipped_names in skips.items():
        if skipped_names:
            print("skipped, {}: {}".format(why, " ".join(skipped_names)))
    skipped = len(rest) - failed + len(left_out)
    print("upstream: {} passed, {} failed, {} skipped".format(passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
