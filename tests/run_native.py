"""Builds and runs the tests of tests/native: every interleaving of small programs on the core and the GIL.

    python3 tests/run_native.py [--cc CC] [--build FOLDER]

Each test is built as it is, then with each of its BUG_ switches, which it must find. Closes with
`native: N passed, N failed, N skipped`; exit status 1 if anything failed.
"""

import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

# Test: the source under test, and where its headers are.
TESTS = {
    "test_gil": ("variants/threads/gil.c", ["variants/threads"]),
    "test_sync": ("modules/sync/sync.c", ["modules/sync"]),
}
FLAGS = "-std=gnu99 -O2 -g -Wall -Wextra -Werror".split()
# A waiter in the sleeper's frame is what the core is built on.
FLAGS += ["-Wno-dangling-pointer", "-Wno-unknown-warning-option", "-Wno-clobbered"]
TIMEOUT = 600


def build(cc, folder, test, bug=None):
    native = os.path.join(HERE, "native")
    program = os.path.join(folder, test + ("_" + bug if bug else ""))
    command = [cc, *FLAGS, "-I" + os.path.join(native, "fake"), "-I" + native]
    command += ["-I" + os.path.join(ROOT, include) for include in TESTS[test][1]]
    command += ["-D%s=1" % bug] if bug else []
    command += [os.path.join(native, name) for name in (test + ".c", "explore.c")]
    subprocess.run([*command, "-o", program], check=True)
    return program


def bugs(test):
    with open(os.path.join(ROOT, TESTS[test][0])) as f:
        return re.findall(r"^#ifndef (BUG_\w+)", f.read(), re.MULTILINE)


def run(program, bug=None):
    env = dict(os.environ, **({"EXPECT_FAILURE": bug} if bug else {}))
    try:
        status = subprocess.run([program], env=env, timeout=TIMEOUT).returncode
        if bug and status < 0:
            # A fault that corrupts a list may show itself so.
            print("%s found by a crash" % bug)
            return True
        return status == 0
    except subprocess.TimeoutExpired:
        print(program, "did not end in", TIMEOUT, "s")
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "native"))
    args = parser.parse_args()
    os.makedirs(args.build, exist_ok=True)
    passed = failed = 0
    for test in TESTS:
        for bug in [None, *bugs(test)]:
            print("%s%s:" % (test, " with " + bug if bug else ""), flush=True)
            if run(build(args.cc, args.build, test, bug), bug):
                passed += 1
            else:
                failed += 1
                print("FAIL", test, bug or "")
    print("native: %d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
