#!/usr/bin/env python3
"""Run every script of tests/both on CPython and on MicroPython and compare what they print.

    python3 tests/run_both.py --name host --micropython build/host/micropython [filter ...]

A filter is a part of a file name; with none, all scripts run. For each script the standard
output and the exit status must be equal. Lines of a script that mean something here:

    # since 3.13          (first line) CPython older than that is not asked: the file SCRIPT.exp
                          holds the expected output
    # status 3            with `since`: the exit status expected (0 without this line)
    # stderr              standard error is compared too, normalised (see normal_stderr)
    # skip-if-missing: M  skipped where the MicroPython under test cannot import M
    # not-pure: REASON    skipped with --lib: the edition in Python cannot do it, and why

Where MicroPython has no floats, scripts with floats or numbers of more than 30 bits are skipped.

A script that is not finished after --timeout seconds has failed; its process group is killed.
The last line is `NAME: N passed, N failed, N skipped`; the exit status is 1 if any failed.
"""

import argparse
import concurrent.futures
import difflib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent / "both"
LIB = str(SCRIPTS.parent.parent / "lib")
PURE = SCRIPTS.parent / "pure.py"
# Marks of what needs floats or long integers; time.time() is a number of more than 30 bits.
FLOATS = r"\d\.\d|\b\d+e\d| / |float|TIMEOUT_MAX|time\.time|maxsize"
HUNG = "no end after {} s, killed"


class Run:
    """What one run of one script gave."""

    def __init__(self, stdout, stderr, status):
        self.stdout = stdout
        self.stderr = stderr
        self.status = status


def run(command, script, timeout, folder=SCRIPTS):
    """Run `command script` in folder; a run that hangs has a text as its status."""
    process = subprocess.Popen(
        command + [str(script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=str(folder),
        env=dict(os.environ, PYTHONIOENCODING="utf-8", MICROPYPATH=LIB),
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        status = HUNG.format(timeout)
    return Run(stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"), status)


def normal_stderr(text):
    """Keep what both interpreters must say alike.

    Out go the indented lines of a traceback (files, source lines, markers), addresses, and
    numbers of four digits or more (thread ids).
    """
    lines = [line for line in text.splitlines() if line and not line[0].isspace()]
    text = "\n".join(lines)
    text = re.sub(r"0x[0-9a-fA-F]+", "0x...", text)
    return re.sub(r"\b\d{4,}\b", "ID", text) + "\n"


class Script:
    """A test script and the marker lines in it."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text()
        match = re.match(r"# since (\d+)\.(\d+)\n", text)
        self.since = (int(match.group(1)), int(match.group(2))) if match else None
        match = re.search(r"^# status (\d+)$", text, re.M)
        self.status = int(match.group(1)) if match else 0
        self.stderr = re.search(r"^# stderr$", text, re.M) is not None
        self.needs = re.findall(r"^# skip-if-missing: (\w+)$", text, re.M)
        self.uncaught = re.search(r"^# uncaught-to-stderr$", text, re.M) is not None
        self.not_pure = re.findall(r"^# not-pure: (.+)$", text, re.M)
        code = re.sub(r"^#.*\n", "", text, flags=re.M)
        self.floats = re.search(FLOATS, code) is not None

    def expected(self, options):
        """The Run to compare with."""
        if self.since and options.version < self.since:
            return Run(Path(str(self.path) + ".exp").read_text(), None, self.status)
        return run(options.cpython_command, self.path, options.timeout)

    def differences(self, options):
        """A list of lines: how MicroPython differs from what is expected."""
        try:
            want = self.expected(options)
        except FileNotFoundError as e:
            return ["needs CPython %d.%d, and there is no %s" % (*self.since, e.filename)]
        if isinstance(want.status, str):
            return ["CPython: " + want.status]
        got = run(options.command_under_test, self.path, options.timeout)
        lines = diff("stdout", want.stdout, got.stdout)
        if self.stderr and want.stderr is not None:
            lines += diff("stderr", normal_stderr(want.stderr), normal_stderr(got.stderr))
        if want.status != got.status:
            lines += ["exit status: expected {}, got {}".format(want.status, got.status)]
        if lines and not self.stderr and got.stderr:
            lines += ["standard error:"] + got.stderr.splitlines()[-15:]
        return lines


def diff(stream, want, got):
    return list(
        difflib.unified_diff(
            want.splitlines(),
            got.splitlines(),
            "expected " + stream,
            "MicroPython " + stream,
            lineterm="",
        )
    )


def can_run(options, code):
    probe = subprocess.run(
        options.micropython_command + ["-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return probe.returncode == 0


def prints_uncaught_to_stderr(options):
    """Whether the port does as CPython with an exception that ends the program: newer ones do not."""
    return "ValueError" in run(options.micropython_command + ["-c"], "raise ValueError", 60).stderr


def cpython_version(command):
    code = "import sys; print(*sys.version_info[:2])"
    text = subprocess.run(command + ["-c", code], stdout=subprocess.PIPE, check=True).stdout
    return tuple(int(word) for word in text.split())


def absolute(command):
    """The scripts run in their own folder: a program given by a relative path is made absolute."""
    words = shlex.split(command)
    return [os.path.abspath(w) if "/" in w and os.path.exists(w) else w for w in words]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="both", help="name of this run in the closing line")
    parser.add_argument("--micropython", required=True, help="command of the build under test")
    parser.add_argument("--lib", help="folder of the edition in Python, to be tested instead")
    parser.add_argument("--cpython", default="/usr/bin/python3", help="CPython to compare with")
    parser.add_argument("--jobs", type=int, default=2, help="scripts that run at once")
    parser.add_argument("--again", type=int, default=0, help="times that a failed one runs again")
    parser.add_argument("--timeout", type=float, default=60, help="seconds that a script may take")
    parser.add_argument("filters", nargs="*", metavar="filter", help="part of a script's name")
    options = parser.parse_args()
    options.micropython_command = absolute(options.micropython)
    options.command_under_test = list(options.micropython_command)
    if options.lib:
        options.command_under_test += [str(PURE), os.path.abspath(options.lib)]
    # Deprecated names are tested as well; their warnings would only clutter standard error.
    options.cpython_command = absolute(options.cpython) + ["-W", "ignore"]
    options.version = cpython_version(options.cpython_command)
    return options


class Report:
    """Counts results and prints them as they come."""

    def __init__(self, total):
        self.total = total
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.lock = threading.Lock()

    def add(self, script, result, lines=()):
        with self.lock:
            self.counts[result] += 1
            done = sum(self.counts.values())
            if result != "passed":
                self.show(result, script, lines)
            if sys.stdout.isatty():
                print("\r{}/{}".format(done, self.total), end="", flush=True)
            elif done % 20 == 0 or done == self.total:
                print("{}/{}".format(done, self.total), flush=True)

    def again(self, script, lines):
        with self.lock:
            self.show("again", script, lines)

    def show(self, what, script, lines):
        self.clear()
        print("{}: {}".format(what, script.name), *lines, sep="\n    ", flush=True)

    def clear(self):
        if sys.stdout.isatty():
            print("\r\033[K", end="")


def main():
    options = parse_options()
    scripts = [Script(path) for path in sorted(SCRIPTS.glob("*.py"))]
    if options.filters:
        scripts = [s for s in scripts if any(f in s.name for f in options.filters)]
    report = Report(len(scripts))
    have = {name: can_run(options, "import " + name) for s in scripts for name in s.needs}
    have_floats = can_run(options, "float")
    to_stderr = prints_uncaught_to_stderr(options)

    def one(script):
        reasons = ["no module " + name for name in script.needs if not have[name]]
        if script.uncaught and not to_stderr:
            reasons.append("this port prints an uncaught exception to standard output")
        if script.floats and not have_floats:
            reasons.append("no floats")
        if options.lib:
            reasons += script.not_pure
        if reasons:
            report.add(script, "skipped", reasons)
            return
        lines = script.differences(options)
        for _ in range(options.again):
            if not lines:
                break
            report.again(script, lines)
            lines = script.differences(options)
        report.add(script, "failed" if lines else "passed", lines)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, scripts))
    report.clear()
    print("{}: {passed} passed, {failed} failed, {skipped} skipped".format(
        options.name, **report.counts))
    return 1 if report.counts["failed"] or not scripts else 0


if __name__ == "__main__":
    sys.exit(main())
