#!/usr/bin/env python3
"""The launcher, with agents that are shell scripts.

    run_launcher.py [--name NAME] [--cc COMMAND] [--emulator COMMAND] [TEST]...

It is built with shorter times, and so that it can be cut off before the n-th change of a file. The
last line is `NAME: N passed, N failed, N skipped`; the exit status is 1 if any failed.
"""

import argparse
import os
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = os.path.join(ROOT, "launcher", "launcher.c")
TIMES = {"FIRST_PAUSE": 0, "MOST_PAUSE": 0, "LONG_RUN": 2, "END_TIME": 1, "FEED_EVERY": 1}
LONG = 30  # seconds: what takes longer hangs

# Notes that it runs, with its arguments, then does what the first line of `plan` says, which it drops
# unless it is the last.
AGENT = """#!/bin/sh
name=$(basename "$PWD")
echo "$name $*" >>{runs}
plan=$(head -n 1 plan)
[ "$(wc -l <plan)" -le 1 ] || sed -i 1d plan
eval "$plan"
"""


def record(active, trial="-", tries=0):
    head = struct.pack("<B1s1sB", 1, active.encode(), trial.encode(), tries)
    return head + struct.pack("<I", zlib.crc32(head))


class Case:
    """A board: its folders, and the launcher that runs on it."""

    def __init__(self, folder, command):
        self.folder = folder
        self.command = command
        self.data = os.path.join(folder, "data")
        self.factory = os.path.join(folder, "factory")
        self.runs_file = os.path.join(folder, "runs")
        os.makedirs(self.data)
        self.process = None

    def path(self, name):
        return os.path.join(self.data, name)

    def slot(self, name, *plan):
        folder = self.factory if name == "factory" else self.path(name)
        os.makedirs(folder)
        with open(os.path.join(folder, "micropython"), "w") as file:
            file.write(AGENT.format(runs=self.runs_file))
        os.chmod(os.path.join(folder, "micropython"), 0o755)
        with open(os.path.join(folder, "plan"), "w") as file:
            file.writelines(line + "\n" for line in plan)
        for active in "ab":
            with open(os.path.join(folder, "record." + active), "wb") as file:
                file.write(record(active))

    def boot(self, *args):
        with open(self.path("boot"), "wb") as file:
            file.write(record(*args))

    def read(self, name, mode="rb"):
        try:
            with open(self.path(name), mode) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def launch(self, *options, cut=None):
        environment = dict(os.environ)
        if cut is not None:
            environment["LAUNCHER_CUT"] = str(cut)
        self.process = subprocess.Popen(
            self.command + list(options) + [self.data, self.factory, "-m", "agent"],
            env=environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def runs(self):
        try:
            with open(self.runs_file) as file:
                return [line.split()[0] for line in file]
        except FileNotFoundError:
            return []

    def wait_for_runs(self, number):
        wait_until(lambda: len(self.runs()) >= number)

    def end(self, signum=signal.SIGTERM):
        """Ends the launcher and returns its status."""
        self.process.send_signal(signum)
        return self.process.wait(LONG)

    def power_cut(self):
        """No process is left."""
        self.end(signal.SIGKILL)
        self.wait_until_alone()

    def processes(self):
        """All that run in one of the board's folders."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink("/proc/{}/cwd".format(pid)).startswith(self.folder + "/"):
                    found.append(int(pid))
            except OSError:
                pass  # it is gone
        return found

    def wait_until_alone(self):
        wait_until(lambda: not self.processes())

    def close(self):
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def wait_until(condition):
    end = time.monotonic() + LONG
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("nothing happens")
        time.sleep(0.005)


def equal(value, expected):
    if value != expected:
        raise AssertionError("{!r}, not {!r}".format(value, expected))


# What an agent does; its working folder is its slot.
WAIT = "echo $$ >pid; exec sleep 1000"
CRASH = "exit 9"


def commit(slot):
    return "cp record.{0} ../boot.new; mv ../boot.new ../boot".format(slot)


def test_first_start(case):
    """Without a record slot a runs, with the arguments; SIGTERM ends both."""
    case.slot("a", WAIT)
    case.launch()
    wait_until(lambda: case.read("a/pid"))
    pid = int(case.read("a/pid"))
    equal(case.end(), 0)
    equal(os.path.exists("/proc/{}".format(pid)), False)
    with open(case.runs_file) as file:
        equal(file.read(), "a -m agent\n")
    equal(case.read("crash"), None)


def test_bad_record(case):
    """A record that is short, of another version or not its CRC's means slot a."""
    case.slot("a", WAIT)
    case.slot("b", WAIT)
    wrong = bytearray(record("b"))
    wrong[4] ^= 1
    version = struct.pack("<B1s1sB", 2, b"b", b"-", 0)
    version += struct.pack("<I", zlib.crc32(version))
    for number, bad in enumerate((b"", record("b")[:7], bytes(wrong), version, record("x")), 1):
        with open(case.path("boot"), "wb") as file:
            file.write(bad)
        case.launch()
        case.wait_for_runs(number)
        equal(case.end(), 0)
    equal(case.runs(), ["a"] * 5)


def test_trial_commits(case):
    """The version on trial makes itself the active one, and is that from then on."""
    case.slot("a", WAIT)
    case.slot("b", commit("b") + "; exit 75", WAIT)
    case.boot("a", "b", 6)
    case.launch()
    case.wait_for_runs(2)
    equal(case.end(), 0)
    equal(case.runs(), ["b", "b"])
    equal(case.read("boot"), record("b"))


def test_trial_crashes(case):
    """Six tries are three crashes; then the old version runs, and can read why."""
    case.slot("a", WAIT)
    case.slot("b", "echo no link >&2; exit 9")
    case.boot("a", "b", 6)
    case.launch()
    case.wait_for_runs(4)
    equal(case.end(), 0)
    equal(case.runs(), ["b", "b", "b", "a"])
    equal(case.read("boot"), record("a"))
    equal(case.read("crash"), b"b exit 9\nno link\n")


def test_trial_power_cuts(case):
    """Each power cut costs one try of six."""
    case.slot("a", WAIT)
    case.slot("b", WAIT)
    case.boot("a", "b", 6)
    for number in range(1, 8):
        case.launch()
        case.wait_for_runs(number)
        case.power_cut()
    equal(case.runs(), ["b"] * 6 + ["a"])
    equal(case.read("boot"), record("a"))


def test_trial_not_written(case):
    """A try that cannot be written is not made."""
    case.slot("a", WAIT)
    case.slot("b", WAIT)
    case.boot("a", "b", 6)
    os.mkdir(case.path("boot.new"))
    case.launch()
    case.wait_for_runs(1)
    equal(case.end(), 0)
    equal(case.runs(), ["a"])


def test_both_crash(case):
    """Three crashes in a row of a slot, three of the other, then the factory's; then from the top."""
    case.slot("a", CRASH, CRASH, "kill -11 $$", CRASH, WAIT)
    case.slot("b", CRASH)
    case.slot("factory", "exit 0")
    case.launch()
    case.wait_for_runs(9)
    equal(case.end(), 0)
    equal(case.runs(), ["a"] * 3 + ["b"] * 3 + ["factory", "a", "a"])
    with open(case.runs_file) as file:
        equal([line for line in file if "factory" in line], ["factory -m agent rescue\n"])


def test_nothing_there(case):
    """Without a slot the factory's runs, and what it puts on trial has its turn."""
    case.slot("factory", "cp -r {0} ../data/b; cp ../trial ../data/boot; exit 75".format("../new"))
    case.slot("b", commit("b") + "; " + WAIT)
    os.rename(case.path("b"), os.path.join(case.folder, "new"))
    with open(os.path.join(case.folder, "trial"), "wb") as file:
        file.write(record("a", "b", 6))
    case.launch()
    case.wait_for_runs(2)
    wait_until(lambda: case.read("boot") == record("b"))
    equal(case.end(), 0)
    equal(case.runs(), ["factory", "b"])


def test_long_run(case):
    """A crash after a long run is not one of a row."""
    case.slot("a", *["sleep 2.1; exit 9"] * 4, WAIT)
    case.slot("b", WAIT)
    case.launch()
    case.wait_for_runs(5)
    equal(case.end(), 0)
    equal(case.runs(), ["a"] * 5)


def test_no_beat(case):
    """An agent that stops to beat is killed, with what it has started; one that beats is not."""
    case.slot("a", "sleep 1000 & echo $! >child; for i in 1 2 3 4 5; do echo >&3; sleep 0.5; done; wait", WAIT)
    case.launch("-b", "1")
    case.wait_for_runs(1)
    begin = time.monotonic()
    case.wait_for_runs(2)
    equal(time.monotonic() - begin > 2, True)
    equal(case.read("crash"), b"a no beat\n")
    wait_until(lambda: not os.path.exists("/proc/" + case.read("a/child", "r").strip()))
    case.end()


def test_deaf_agent(case):
    """An agent that does not end at SIGTERM is killed."""
    case.slot("a", "trap '' TERM; touch deaf; while :; do sleep 0.1; done")
    case.launch()
    wait_until(lambda: case.read("a/deaf") is not None)
    equal(case.end(), 0)
    case.wait_until_alone()


def test_watchdog(case):
    """Fed while the agent runs, and stopped at the end."""
    case.slot("a", WAIT)
    with open(case.path("watchdog"), "w"):
        pass
    case.launch("-w", case.path("watchdog"))
    wait_until(lambda: len(case.read("watchdog")) >= 2)
    equal(case.end(), 0)
    equal(case.read("watchdog").strip(b"1"), b"V")


def test_tail(case):
    """Of standard error the last 1 KB is kept."""
    case.slot("a", "i=0; while [ $i -lt 500 ]; do echo line $i >&2; i=$((i + 1)); done; exit 1", WAIT)
    case.launch()
    case.wait_for_runs(2)
    case.end()
    text = case.read("crash")
    equal(len(text), len(b"a exit 1\n") + 1024)
    equal(text.endswith(b"line 498\nline 499\n"), True)


def test_usage(case):
    """Wrong arguments are refused, with the usage."""
    for args in ([], [case.data], ["-b", "x", case.data, "f"], ["-w", "/no/dog", case.data, "f"]):
        result = subprocess.run(case.command + args, stderr=subprocess.PIPE, timeout=LONG)
        equal((result.returncode, result.stderr[:6]), (2, b"usage:"))
    equal(subprocess.run(case.command + ["/no/folder", "f"], stderr=-3, timeout=LONG).returncode, 1)


def test_cut_everywhere(case):
    """The power goes before the n-th change, for every n, of a trial that crashes: in the end the old
    version runs, the new one has had its tries at most, and the record is whole all the time."""
    case.slot("a", WAIT)
    case.slot("b", CRASH)
    n, cut = 0, True
    while cut:
        n += 1
        case.boot("a", "b", 6)
        if os.path.exists(case.runs_file):
            os.remove(case.runs_file)
        case.launch(cut=n)
        wait_until(lambda: case.process.poll() is not None or "a" in case.runs())
        cut = case.process.poll() is not None
        if cut:
            case.wait_until_alone()
            whole = case.read("boot")
            equal(whole, record(*(chr(b) for b in whole[1:3]), whole[3]))
            case.launch()
            wait_until(lambda: "a" in case.runs())
        equal(case.end(), 0)
        equal(case.runs()[-1], "a")
        equal(set(case.runs()[:-1]) <= {"b"} and len(case.runs()) <= 7, True)
        equal(case.read("boot"), record("a"))
    equal(n > 20, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="launcher")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--emulator", default="")
    parser.add_argument("tests", nargs="*", help="parts of names; all if none")
    options = parser.parse_args()
    tests = [(name[5:], f) for name, f in globals().items() if name.startswith("test_")]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        launcher = os.path.join(work, "launcher")
        command = shlex.split(options.cc) + ["-Os", "-Wall", "-Wextra", "-Werror", "-DLAUNCHER_CUT"]
        command += ["-D{}=({})".format(name, value) for name, value in TIMES.items()]
        subprocess.run(command + ["-o", launcher, SOURCE], check=True)
        for name, test in tests:
            if options.tests and not any(part in name for part in options.tests):
                continue
            folder = os.path.join(work, name)
            case = Case(folder, shlex.split(options.emulator) + [launcher])
            try:
                test(case)
                passed += 1
                print("ok   {}".format(name), flush=True)
            except (AssertionError, OSError, subprocess.TimeoutExpired) as e:
                failed += 1
                print("FAIL {}: {}; runs: {}".format(name, e, case.runs()), flush=True)
            finally:
                case.close()
            shutil.rmtree(folder, ignore_errors=True)
    print("{}: {} passed, {} failed, 0 skipped".format(options.name, passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
