#!/usr/bin/env python3
"""The figures of the GIL and the collector, beside stock's GIL, CPython and C.

    make bench-gil          which builds what is compared and calls
    gil.py --ours EXE --no-hook EXE --stock EXE --cpython EXE --yardstick EXE
           --perf-bench FOLDER --out FOLDER [--quick]

Prints a table for each group of figures, and writes the same to bench-gil.md and the first two
groups as bars to bench-gil.svg, both in the folder --out.

The contestants take turns within every round, so that a change of the machine's load hits all of
them. A figure is the median of the rounds, followed by the least and the greatest. What needs no
clock (instructions, system calls) is counted, hence the same in every run.

--quick makes every figure, but of samples too few to mean anything.
"""

import os
import re
import statistics
import subprocess
import sys

import contest
import report
from contest import C, CPYTHON, OURS, STOCK, Figure, by_round, figures_of, percentile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "gil_cases.py")

NO_HOOK = "no hook"

HOGS = (0, 1, 2, 8)
BLOCKED = (0, 8, 32)

# The targets.
LEAST_THROUGHPUT = {2: 0.97, 4: 0.95}  # of one thread's
MOST_MEDIAN_LATE_US = 300  # beyond C's
MOST_P99_LATE_US = 3000
MOST_PAUSE_US = 100000
MOST_WAKES = 1
MOST_SWITCHES = 2
MOST_HOOK = 1.01  # times the instructions without it
MOST_COLLECT = 1.3  # times the pause without other threads
MOST_COLLECT_US = 50  # and so much a thread

# The program's start and end are a few switches among thousands.
COUNT_TOLERANCE = 0.02

# Enough to see the pattern. strace makes calls slow, hence waits rarer than they are without it:
# wakes alone are counted.
TRACED_ROUNDS = 1000
UNCONTENDED_ROUNDS = 100000

# Benchmarks of MicroPython's tests/perf_bench, with the N and M that choose their parameters:
# short ones, as valgrind makes them 50 times as long.
PERF_BENCH = (
    ("bm_fannkuch", 50, 10),
    ("bm_float", 50, 25),
    ("bm_nqueens", 100, 25),
    ("misc_aes", 50, 25),
    ("misc_pystone", 100, 10),
)


class Bench(contest.Contest):
    def __init__(self, options):
        commands = {
            OURS: [options.ours, "-X", "heapsize=1m", CASES],
            STOCK: [options.stock, "-X", "heapsize=1m", CASES],
            CPYTHON: [options.cpython, "-B", CASES],
            C: [options.yardstick],
        }
        super().__init__(options, commands)
        self.perf_bench = options.perf_bench
        self.plain = {OURS: options.ours, NO_HOOK: options.no_hook, STOCK: options.stock}

    def instructions(self, contestant, benchmark, n, m):
        script = os.path.join(self.work, "perf.py")
        with open(script, "w") as file:
            for part in (benchmark, "benchrun"):
                with open(os.path.join(self.perf_bench, part + ".py")) as source:
                    file.write(source.read() + "\n")
            file.write("bm_run({}, {})\n".format(n, m))
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
            + [self.plain[contestant], script],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        return int(re.search(r"Collected : (\d+)", result.stderr).group(1))


# The groups of figures.


def throughput(bench):
    ms = bench.size(2000, 200)
    numbers = [1] + list(LEAST_THROUGHPUT)
    results = bench.case((OURS, STOCK, CPYTHON), "throughput", ms, *numbers)
    table = report.Table(
        "Threads that compute",
        "Work of all threads in {:g} s, as a part of what one thread does in as much time, in slices "
        "by turns. Higher is "
        "better. On a busy machine the same of processor time says more: it lacks the moments in "
        "which no thread has the GIL, and those in which other programs run.".format(ms / 1000),
    )

    def figures(index, base):
        return by_round(results, lambda r: r[index] / r[base])

    table.add(
        "1 thread, steps a ms",
        by_round(results, lambda r: r[0]),
    )
    for index, (number, least) in enumerate(LEAST_THROUGHPUT.items(), 1):
        wall = figures(index, 0)
        table.add(
            "{} threads".format(number),
            wall,
            digits=3,
            target=">= {}".format(least),
            met=wall[OURS].value >= least,
        )
        cpu = figures(len(numbers) + index, len(numbers))
        table.add("{} threads, of processor time".format(number), cpu, digits=3)
    return table


def lateness(bench):
    samples = bench.size(100, 15)
    table = report.Table(
        "A sleeper beside CPU hogs",
        "By how many microseconds a sleep of 10 ms is too long. C has as many hogs, which run on "
        "all cores; those of Python share the GIL.",
    )
    for hogs in HOGS:
        results = bench.case((OURS, STOCK, CPYTHON, C), "lateness", hogs, samples)
        label = "{} hog".format(hogs) if hogs == 1 else "{} hogs".format(hogs)
        median = figures_of(results, statistics.median)
        limit = median[C].value + MOST_MEDIAN_LATE_US
        table.add(
            label + ", median",
            median,
            target="<= C + {}".format(MOST_MEDIAN_LATE_US),
            met=median[OURS].value <= limit,
        )
        p99 = figures_of(results, lambda values: percentile(values, 99))
        table.add(
            label + ", p99",
            p99,
            target="<= {}".format(MOST_P99_LATE_US),
            met=p99[OURS].value <= MOST_P99_LATE_US,
            # The machine is too busy for the question, not the GIL too slow.
            why=", so has C" if p99[C].value > MOST_P99_LATE_US else "",
        )
    return table


def progress(bench):
    windows = bench.size(20, 3)
    results = bench.case((OURS, STOCK, CPYTHON, C), "progress", 8, 8, windows)

    def figures(index, function):
        return {
            name: Figure([r[index] for r in rounds], function(r[index] for r in rounds))
            for name, rounds in results.items()
        }

    table = report.Table(
        "8 hogs and 8 sleepers",
        "The worst that happened to any thread in any 100 ms, over all rounds.",
    )
    steps, sleeps, pause = figures(0, min), figures(1, min), figures(2, max)
    table.add("least steps of a hog", steps, target="> 0", met=steps[OURS].value > 0)
    table.add("least sleeps of 10 ms", sleeps, target="> 0", met=sleeps[OURS].value > 0)
    table.add(
        "longest pause, us",
        pause,
        target="< {}".format(MOST_PAUSE_US),
        met=pause[OURS].value < MOST_PAUSE_US,
    )
    return table


PING_PONG = (
    ("two locks", "ping_pong_lock", (OURS, STOCK, CPYTHON, C)),
    ("two locks of _thread", "ping_pong_thread_lock", (OURS, STOCK, CPYTHON)),
    ("two events", "ping_pong_event", (OURS, CPYTHON, C)),
    ("two Queues", "ping_pong_queue", (OURS, CPYTHON)),
    ("two SimpleQueues", "ping_pong_simple_queue", (OURS, CPYTHON)),
)


def hand_over(bench):
    rounds = bench.size(20000, 1000)
    table = report.Table(
        "Hand-over",
        "Two threads wait for each other in turn; a round is two hand-overs. "
        "C: semaphores for the locks, condition variables for the events.",
    )
    for label, name, who in PING_PONG:
        results = bench.case(who, name, rounds)
        table.add(label + ", us a round", figures_of(results, statistics.median), digits=1)
    for label, name, who in PING_PONG:
        count_hand_over(bench, table, label, name, who, rounds)
    return table


def count_hand_over(bench, table, label, name, who, rounds):
    switches = {contestant: [] for contestant in who}
    for _ in range(bench.rounds):
        for contestant in who:
            base = bench.switches(contestant, name, 0)
            more = bench.switches(contestant, name, rounds)
            switches[contestant].append((more - base) / (2 * rounds))
    wakes = {}
    traced = bench.size(TRACED_ROUNDS, 200)
    for contestant in who:
        calls = bench.system_calls(contestant, name, traced)
        number = sum("FUTEX_WAKE" in line for line in calls)
        wakes[contestant] = Figure([number / (2 * traced)])
    limit = 1 + COUNT_TOLERANCE
    table.add(
        label + ", futex wakes each",
        wakes,
        digits=2,
        target="<= {}".format(MOST_WAKES),
        met=wakes[OURS].value <= MOST_WAKES * limit,
    )
    figures = {contestant: Figure(values) for contestant, values in switches.items()}
    table.add(
        label + ", context switches each",
        figures,
        digits=2,
        target="<= {}".format(MOST_SWITCHES),
        met=figures[OURS].value <= MOST_SWITCHES * limit,
    )


def uncontended(bench):
    table = report.Table(
        "Uncontended",
        "A lock or queue that one thread uses while another waits for something else: {} times "
        "acquire and release, or put and get.".format(UNCONTENDED_ROUNDS),
    )
    for label, name, who in (
        ("lock", "uncontended_lock", (OURS, STOCK, CPYTHON)),
        ("Queue", "uncontended_queue", (OURS, CPYTHON)),
    ):
        results = bench.case(who, name, UNCONTENDED_ROUNDS)
        table.add(label + ", us", figures_of(results, statistics.median), digits=3)
        calls = {
            contestant: Figure([len(bench.system_calls(contestant, name, UNCONTENDED_ROUNDS))])
            for contestant in who
        }
        table.add(
            label + ", system calls in all", calls, target="0", met=calls[OURS].value == 0
        )
    return table


def hook(bench):
    table = report.Table(
        "The hook in the VM",
        "Millions of instructions of MicroPython's own tests/perf_bench under callgrind, less "
        "those of start and compilation; then ours as a multiple of ours without the hook.",
        columns=(OURS, NO_HOOK, STOCK),
    )
    who = (OURS, NO_HOOK, STOCK)
    for name, n, m in PERF_BENCH[: bench.size(len(PERF_BENCH), 1)]:
        figures = {}
        for contestant in who:
            number = bench.instructions(contestant, name, n, m)
            number -= bench.instructions(contestant, name, 0, 0)
            figures[contestant] = Figure([number / 1e6])
        ratio = figures[OURS].value / figures[NO_HOOK].value
        table.add(
            name,
            figures,
            digits=2,
            target="<= {}".format(MOST_HOOK),
            met=ratio <= MOST_HOOK,
            note="{:.4f}".format(ratio),
        )
    return table


def collector(bench):
    samples = bench.size(50, 5)
    table = report.Table(
        "The collector",
        "Microseconds of gc.collect() in a heap of 1 MB, 400 KB of it in use, beside threads that "
        "wait for an event (stock: a lock). CPython's own heap knows no such limit.",
    )
    alone = None
    for blocked in BLOCKED:
        results = bench.case((OURS, STOCK, CPYTHON), "collect", blocked, samples)
        figures = figures_of(results, statistics.median)
        alone = alone or figures[OURS].value
        limit = MOST_COLLECT * alone + MOST_COLLECT_US * blocked
        table.add(
            "{} blocked threads".format(blocked),
            figures,
            target="<= {:.0f}".format(limit) if blocked else "",
            met=figures[OURS].value <= limit if blocked else None,
        )
    return table


def start_join(bench):
    rounds = bench.size(500, 50)
    table = report.Table("Start and join", "Of a thread that does nothing.")
    results = bench.case((OURS, STOCK, CPYTHON, C), "start_join", rounds)
    table.add("start and join, us", figures_of(results, statistics.median), digits=1)
    return table


GROUPS = (
    throughput,
    lateness,
    progress,
    hand_over,
    uncontended,
    hook,
    collector,
    start_join,
)


def main():
    options = contest.parse_options(__doc__.splitlines()[0], "no-hook", "perf-bench")

    def publish(line, tables):
        contest.write_markdown(
            options,
            "bench-gil",
            "The GIL and the collector, measured",
            "make bench-gil",
            line,
            tables,
            "The first two tables as bars",
        )
        throughput, lateness = tables["throughput"], tables["lateness"]
        ratios = [row for row in throughput.rows if row.target]
        report.write_svg(
            os.path.join(options.out, "bench-gil.svg"),
            report.Bars(
                throughput, ratios, lambda v: v / 1.1, (0, 0.25, 0.5, 0.75, 1), "part of one's work"
            ),
            report.Bars(
                lateness,
                lateness.rows,
                report.log_scale(10, 1e6),
                [10**n for n in range(1, 7)],
                "lateness in us (logarithmic)",
            ),
        )

    return contest.run_groups(options, GROUPS, Bench, publish)


if __name__ == "__main__":
    sys.exit(main())
