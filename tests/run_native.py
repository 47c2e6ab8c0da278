"""Builds and runs the tests of tests/native: every interleaving of small programs on the core and the GIL.

    python3 tests/run_native.py [--cc CC] [--build FOLDER] [--stress S] [--seed N]

Each test is built as it is, then with each of its BUG_ switches, which it must find. Then real
threads run on both for S seconds (1) under ThreadSanitizer, and under AddressSanitizer and UBSan,
built with gcc and, where there is one, with clang; and on the core under helgrind. Closes with
`native: N passed, N failed, N skipped`; exit status 1 if anything failed. With --stress the first
part is left out.
"""

import argparse
import os
import re
import shutil
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
FLAGS += ["-Wno-unknown-warning-option", "-Wno-clobbered"]
TIMEOUT = 600

# Test: where its headers are.
STRESSES = {"stress_sync": [], "stress_gil": ["variants/threads"]}
SANITIZERS = ("thread", "address,undefined")
HELGRIND = ["valgrind", "--tool=helgrind", "-q", "--error-exitcode=1"]


def build(cc, folder, test, bug=None):
    native = os.path.join(HERE, "native")
    program = os.path.join(folder, test + ("_" + bug if bug else ""))
    command = [cc, *FLAGS, "-I" + os.path.join(native, "fake"), "-I" + native]
    command += ["-I" + os.path.join(ROOT, include) for include in TESTS[test][1]]
    command += ["-D%s=1" % bug] if bug else []
    command += [os.path.join(native, name) for name in (test + ".c", "explore.c")]
    subprocess.run([*command, "-o", program], check=True)
    return program


def build_stress(cc, folder, test, sanitizer):
    native = os.path.join(HERE, "native")
    program = os.path.join(folder, "-".join((test, os.path.basename(cc), sanitizer)))
    includes = ["modules/sync", "modules/sync/port", *STRESSES[test]]
    command = [cc, *FLAGS, "-pthread", "-fno-sanitize-recover=all", "-fsanitize=" + sanitizer]
    command += ["-I" + native] + ["-I" + os.path.join(ROOT, include) for include in includes]
    command += [os.path.join(native, test + ".c"), "-o", program]
    subprocess.run(command, check=True)
    return program


def build_helgrind(cc, folder):
    """The core's stress on pthreads: helgrind does not know futexes."""
    native = os.path.join(HERE, "native")
    program = os.path.join(folder, "stress_sync-helgrind")
    includes = [native] + [os.path.join(ROOT, "modules/sync", sub) for sub in ("", "port")]
    command = [cc, *FLAGS, "-pthread", "-DSTRESS_PTHREAD", *["-I" + path for path in includes]]
    subprocess.run([*command, os.path.join(native, "stress_sync.c"), "-o", program], check=True)
    return [*HELGRIND, "--suppressions=" + os.path.join(native, "helgrind.supp"), program]


def stress(program, seconds, seed):
    """A data race is reported and the rest goes on: the exit status tells of it at the end."""
    try:
        status = subprocess.run([*program, str(seconds), str(seed)], timeout=60 + 10 * seconds)
        return status.returncode == 0
    except subprocess.TimeoutExpired:
        print(*program, "did not end")
        return False


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
    parser.add_argument("--stress", type=float, metavar="S")
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(2), "big")
    os.makedirs(args.build, exist_ok=True)
    passed = failed = skipped = 0
    for test in TESTS if args.stress is None else ():
        for bug in [None, *bugs(test)]:
            print("%s%s:" % (test, " with " + bug if bug else ""), flush=True)
            if run(build(args.cc, args.build, test, bug), bug):
                passed += 1
            else:
                failed += 1
                print("FAIL", test, bug or "")
    watched = [
        ((test, cc, sanitizer), [build_stress(cc, args.build, test, sanitizer)])
        for test in STRESSES
        for cc in filter(shutil.which, dict.fromkeys((args.cc, "clang")))
        for sanitizer in SANITIZERS
    ]
    if shutil.which(HELGRIND[0]):
        watched.append((("stress_sync", args.cc, "helgrind"), build_helgrind(args.cc, args.build)))
    else:
        skipped += 1
        print("skip helgrind: valgrind is not here")
    for names, program in watched:
        print("%s, %s, %s, seed %d:" % (*names, seed), flush=True)
        if stress(program, args.stress or 1, seed):
            passed += 1
        else:
            failed += 1
            print("FAIL", *names)
    print("native: %d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
