"""What the benchmarks' drivers share: contestants that take turns, their figures, the report.

A driver has groups, functions that take a Contest and return a report.Table; main() runs them.
"""

import argparse
import ast
import os
import platform
import re
import statistics
import subprocess
import tempfile
import time

import report

OURS, STOCK, CPYTHON, C = "ours", "stock GIL", "CPython", "C"

MARK = "/no-such-file-but-a-mark"  # a case's, of what system calls are counted


class Figure:
    """One contestant's figure: its value and the rounds' own values."""

    def __init__(self, rounds, value=None):
        self.rounds = rounds
        self.value = statistics.median(rounds) if value is None else value

    def text(self, digits):
        if len(set(self.rounds)) == 1:
            return "{:.{}f}".format(self.value, digits)
        low, high = min(self.rounds), max(self.rounds)
        return "{:.{d}f} ({:.{d}f}..{:.{d}f})".format(self.value, low, high, d=digits)


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def figures_of(results, function):
    """A figure for each contestant: the function of its samples, by round and of all."""
    return {
        name: Figure([function(r) for r in rounds], function([x for r in rounds for x in r]))
        for name, rounds in results.items()
    }


def by_round(results, function):
    """A figure for each contestant: the function of what the case printed, by round alone."""
    return {name: Figure([function(r) for r in rounds]) for name, rounds in results.items()}


class Contest:
    """Runs cases, round by round, each contestant in its turn.

    commands: for each contestant a command that takes a case's name and its numbers, and prints a
    list of numbers.
    """

    def __init__(self, options, commands):
        self.rounds = 1 if options.quick else options.rounds
        self.quick = options.quick
        self.work = options.work
        self.commands = commands

    def size(self, full, quick):
        return quick if self.quick else full

    def run(self, command):
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600)
        if result.returncode != 0:
            raise SystemExit("{} ended with {}".format(command, result.returncode))
        return ast.literal_eval(result.stdout.strip())

    def case(self, who, name, *numbers, prefix=(), commands=None):
        """What the case prints: for each contestant a list of the rounds' lists."""
        commands = commands or self.commands
        results = {contestant: [] for contestant in who}
        for _ in range(self.rounds):
            for contestant in who:
                command = list(prefix) + commands[contestant] + [name]
                results[contestant].append(self.run(command + [str(n) for n in numbers]))
        return results

    def switches(self, contestant, name, *numbers):
        """Context switches of a whole run of the case, all its threads."""
        command = self.commands[contestant] + [name] + [str(n) for n in numbers]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, process.returncode, usage = os.wait4(process.pid, 0)
        if process.returncode != 0:
            raise SystemExit("{} failed".format(command))
        return usage.ru_nvcsw + usage.ru_nivcsw

    def system_calls(self, contestant, name, *numbers):
        """The system calls of what the case measures, which it marks, as lines of strace."""
        trace = os.path.join(self.work, "trace")
        command = self.commands[contestant] + [name] + [str(n) for n in numbers]
        self.run(["strace", "-f", "-qq", "-e", "signal=none", "-o", trace] + command)
        with open(trace) as file:
            lines = [line for line in file if " resumed>" not in line]
        # In quotes: MicroPython also reads its source, in which strace escapes them.
        first, last = (i for i, line in enumerate(lines) if '"{}"'.format(MARK) in line)
        return lines[first + 1 : last]


def load():
    return "{:.2f}".format(os.getloadavg()[0])


def machine(options, load_before):
    model = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    version = subprocess.run(
        [options.cpython, "-c", "import platform; print(platform.python_version())"],
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()
    return "{}, {} cores, Linux {}, CPython {}; load {} before and {} after, {} rounds".format(
        model,
        os.cpu_count(),
        re.match(r"\d+\.\d+", platform.release()).group(),
        version,
        load_before,
        load(),
        1 if options.quick else options.rounds,
    )


def parse_options(description, *names):
    parser = argparse.ArgumentParser(description=description)
    for name in ("ours", "stock", "cpython", "yardstick", "out") + names:
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("groups", nargs="*", help="names of the driver's groups; all if none")
    return parser.parse_args()


def run_groups(options, groups, new_contest, publish):
    """Runs the groups asked for and prints their tables; publish(line, tables) gets them if all."""
    load_before = load()
    tables = {}
    with tempfile.TemporaryDirectory() as options.work:
        contest = new_contest(options)
        for group in groups:
            if not options.groups or group.__name__ in options.groups:
                begin = time.monotonic()
                tables[group.__name__] = table = group(contest)
                print(table.as_text())
                print("({:.0f} s)\n".format(time.monotonic() - begin), flush=True)
    line = machine(options, load_before)
    print(line)
    rows = [row for table in tables.values() for row in table.rows]
    missed = sum(row.met is False for row in rows)
    print("{} rows, {} targets missed".format(len(rows), missed))
    if options.quick:
        print("quick: too few samples for any of these to mean anything")
    if not options.groups:
        publish(line, tables)
    return 0


def write_markdown(options, name, title, command, line, tables, picture):
    path = os.path.join(options.out, name + ".md")
    report.write_markdown(path, title, command, line, tables.values(), name + ".svg", picture)
