#!/usr/bin/env python3
"""threading and queue beside CPython, the edition in Python on stock MicroPython, and plain C.

    make bench              which builds what is compared and calls
    bench.py --ours EXE --stock EXE --cpython EXE --yardstick EXE --objects FOLDER:... --out FOLDER
             --readme FILE [--quick] [GROUP]...

Prints a table for each group of figures, and writes the same to bench.md, and what has a target as
a multiple of CPython's time to bench.svg, both in the folder --out; a few rows go to the README.

A figure is the median of the rounds, followed by the least and the greatest. C is the same pattern
with pthreads, futex with futexes alone. The edition in Python runs on stock MicroPython built with
upstream's GIL: without one it does not live through all of this.
"""

import math
import os
import statistics
import subprocess
import sys

import cases
import contest
import report
from contest import C, CPYTHON, OURS, Figure, by_round, figures_of, percentile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "cases.py")
GIL_CASES = os.path.join(HERE, "gil_cases.py")

PURE, FUTEX = "in Python", "futex"
COLUMNS = (OURS, PURE, CPYTHON, C, FUTEX)
RATIOS = (CPYTHON, C)
PYTHONS = (OURS, PURE, CPYTHON)

ONE_CORE = ("taskset", "-c", "1")

# At most so many times CPython's time.
OPERATIONS = {
    "with lock": 0.55,
    "with rlock": 0.60,
    "with rlock, nested": 1.5,
    "semaphore acquire, release": 0.08,
    "event set, clear": 0.08,
    "event is_set": 1.1,
    "event wait, set": 0.12,
    "condition with, notify": 0.30,
    "Queue put, get": 0.075,
    "Queue(10) put, get": 0.075,
    "Queue put_nowait, get_nowait": 0.075,
    "Queue(10) put, get, timeout=": 0.075,
    "LifoQueue put, get": 0.075,
    "PriorityQueue put, get": 0.12,
    "SimpleQueue put, get": 1.6,
    "current_thread()": 1.0,
    "local get": 2.0,
    "local set": 2.0,
    "new Lock": 0.8,
    "new Event": 0.05,
    "new Queue": 0.05,
    "new Condition": 0.1,
}
CALL = "().count(0)"  # a call of a native method, the unit that carries over to other machines
MAKES = "new "  # operations that may allocate

# Across two cores most of a hand-over is what an idle core takes to wake, the same for everybody;
# on one the implementation shows.
PLACES = (("", ()), (", one core", ONE_CORE))

# Producers and consumers, maxsize, at least so many times CPython's items a second, and C's.
PIPELINES = (
    (1, 0, 9, 0.7),
    (1, 64, 6, 0.7),
    (4, 64, 8, None),
)


class Bench(contest.Contest):
    def __init__(self, options):
        heap = ["-X", "heapsize=4m"]
        commands = {
            OURS: [options.ours] + heap + [CASES],
            PURE: [options.stock] + heap + [CASES],
            CPYTHON: [options.cpython, "-B", CASES],
            C: [options.yardstick, "pthread"],
            FUTEX: [options.yardstick, "futex"],
        }
        super().__init__(options, commands)
        self.options = options
        self.gil = {
            OURS: [options.ours] + heap + [GIL_CASES],
            CPYTHON: [options.cpython, "-B", GIL_CASES],
        }

    def gil_case(self, name, *numbers):
        """A case of gil_cases.py, of ours and CPython's."""
        return self.case((OURS, CPYTHON), name, *numbers, commands=self.gil)


def new_table(title, text):
    return report.Table(title, text, columns=COLUMNS, ratios=RATIOS)


def each(results, index):
    """The figures of the index-th number that the case prints."""
    return by_round(results, lambda r: r[index])


def add(table, label, figures, most=None, of=None, most_of=None, digits=1):
    """A row of times; at most so many times CPython's, and so many times the contestant `of`."""
    targets, met = [], []
    if most is not None:
        targets.append("{:g} CPython".format(most))
        met.append(figures[OURS].value <= most * figures[CPYTHON].value)
    if most_of is not None:
        targets.append("{:g} {}".format(most_of, of))
        met.append(figures[OURS].value <= most_of * figures[of].value)
    target = "<= " + ", ".join(targets) if targets else ""
    table.add(label, figures, digits, target, all(met) if met else None)


def operations(bench):
    table = new_table(
        "Operations",
        "Nanoseconds; a round's is its fastest slice of 10 ms. The second table has them in calls of a native method of the same "
        "interpreter: that figure carries over to a slower machine.",
    )
    results = bench.case(PYTHONS, "operations", bench.size(20, 1))
    put_get = bench.case((C, FUTEX), "put_get", bench.size(20, 1))
    for index, (name, _, _) in enumerate(cases.OPERATIONS):
        figures = each(results, index)
        if name == "Queue put, get":
            figures.update(by_round(put_get, min))
            add(table, name, figures, OPERATIONS[name], C, 2)
        else:
            add(table, name, figures, OPERATIONS.get(name))
    bench.operations = results
    return table


def calls(bench):
    table = new_table("Operations in calls", "One is {} of the same interpreter.".format(CALL))
    names = [name for name, _, _ in cases.OPERATIONS]
    unit = names.index(CALL)
    for index, name in enumerate(names):
        if index != unit:
            figures = by_round(bench.operations, lambda r: r[index] / r[unit])
            table.add(name, figures, digits=1)
    return table


def throughput(bench):
    table = new_table(
        "Items a second",
        "Thousands, through one Queue: producers and as many consumers.",
    )
    for n, maxsize, least, least_of_c in PIPELINES:
        for place, prefix in PLACES:
            results = {}
            # The edition in Python would take minutes for as many.
            for who, items in (((PURE,), 4000), (PYTHONS[::2] + (C, FUTEX), 40000)):
                args = ("Queue", maxsize, n, n, bench.size(items, items // 20))
                rounds = bench.case(who, "pipeline", *args, prefix=prefix)
                results.update(by_round(rounds, lambda r: args[-1] * 1000 / r[0]))
            figures = {who: results[who] for who in COLUMNS}
            limit = [least * figures[CPYTHON].value]
            target = ">= {:g} CPython".format(least)
            if least_of_c:
                limit.append(least_of_c * figures[C].value)
                target += ", {:g} C".format(least_of_c)
            label = "{0} to {0}, {1}".format(n, "maxsize {}".format(maxsize) if maxsize else "unbounded")
            met = all(figures[OURS].value >= x for x in limit)
            table.add(label + place, figures, 0, target, met)
    return table


def hand_over(bench):
    table = new_table(
        "Ping-pong",
        "Microseconds in which two threads wait for each other in turn. On two cores most of it is "
        "what an idle core takes to wake, which is the same for everybody.",
    )
    rounds = bench.size(2000, 100)
    for kind, label in (("Queue", "queues"), ("Event", "events"), ("Semaphore", "semaphores")):
        for place, prefix in PLACES:
            who = PYTHONS + (C, FUTEX)
            results = bench.case(who, "ping_pong", kind, rounds, prefix=prefix)
            # The first half are means of batches, the second single rounds.
            median = by_round(results, lambda values: statistics.median(values[:rounds]))
            add(table, label + place + ", median", median, 0.35, FUTEX, 1.5)
            p99 = by_round(results, lambda values: percentile(values[rounds:], 99))
            add(table, label + place + ", p99", p99, 0.35, FUTEX, 2)
    return table


def start_join(bench):
    table = new_table("Start and join", "Microseconds, of a thread that does nothing.")
    for alive in (0, 32):
        for place, prefix in PLACES:
            who = PYTHONS + (C,)
            args = (bench.size(500, 50), alive)
            results = bench.case(who, "start_join", *args, prefix=prefix)
            label = "{} others alive{}".format(alive, place)
            add(table, label, figures_of(results, statistics.median), 0.35, C, 1.4)
    return table


def timed(bench):
    table = new_table(
        "Timed waits",
        "Microseconds: by how much a wait of 50 ms is too long, and what passes from set() to the "
        "return of a wait that has a timeout.",
    )
    who = PYTHONS + (C, FUTEX)
    for kind, label in (("Event", "Event.wait"), ("Queue", "Queue.get"), ("Lock", "Lock.acquire")):
        results = bench.case(who, "overshoot", kind, bench.size(20, 3))
        add(table, label + ", too long", figures_of(results, statistics.median), 0.9, C, 1.3)
    for place, prefix in PLACES:
        results = bench.case(who, "wake", bench.size(200, 20), prefix=prefix)
        label = "woken in the middle" + place
        add(table, label, figures_of(results, statistics.median), 0.4, C, 1.5)
    for place, prefix in PLACES:
        results = bench.case(who, "broadcast", 8, bench.size(200, 20), prefix=prefix)
        label = "8 waiters, the last" + place
        add(table, label, figures_of(results, statistics.median), 0.9, C, 1.3)
    return table


def idle(bench):
    table = new_table("Blocked threads", "8 threads wait for 5 s with a timeout.")
    ms = bench.size(5000, 200)
    results = bench.case(PYTHONS, "blocked", 8, bench.size(5000, 200))
    sleeps = each(results, 0)
    met = sleeps[OURS].value <= 2
    table.add("sleeps of a thread from that wait to its next (voluntary switches)", sleeps, 1, "<= 2", met)
    table.add("CPU time, ms", each(results, 1), 1)
    return table


def sharing(bench):
    table = new_table(
        "Threads that share",
        "Two and four threads' work as a part of one thread's in the same time; lateness of a sleep "
        "of 10 ms beside hogs, and the collector's pause, in us.",
    )
    results = bench.gil_case("throughput", bench.size(2000, 100), 1, 2, 4)
    for index, (number, least) in enumerate(((2, 0.97), (4, 0.95)), 1):
        figures = by_round(results, lambda r: r[index] / r[0])
        met = figures[OURS].value >= least
        table.add("{} compute".format(number), figures, 3, ">= {}".format(least), met)
    results = bench.case((OURS, CPYTHON), "increments", bench.size(1000, 100), 1, 2, 4)
    for index, number in enumerate((2, 4), 1):
        figures = by_round(results, lambda r: r[index] / r[0])
        label = "{} increment under one lock".format(number)
        table.add(label, figures, 3, ">= 0.95", figures[OURS].value >= 0.95)
    for hogs in (1, 2, 8):
        results = bench.gil_case("lateness", hogs, bench.size(50, 5))
        add(table, "late, {} hogs".format(hogs), figures_of(results, statistics.median), 0.05)
    for number in (8, 32):
        results = bench.gil_case("collect", number, bench.size(50, 5))
        label = "collector, {} blocked threads".format(number)
        add(table, label, figures_of(results, statistics.median), 0.6)
    return table


def system(bench):
    table = new_table(
        "System calls and switches",
        "An item through a Queue; traced, which makes the calls slow and more of them block.",
    )
    items = bench.size(2000, 500)
    for n, maxsize, _, _ in PIPELINES:
        calls, switches = {}, {}
        for who in (OURS, CPYTHON, C):
            args = ("pipeline", "Queue", maxsize, n, n)
            if who != C:
                lines = bench.system_calls(who, *args, items)
                calls[who] = Figure([len(lines) / items])
            few, many = (bench.switches(who, *args, 10 * i) for i in (n, items))
            switches[who] = Figure([(many - few) / (10 * items)])
        label = "{0} to {0}, {1}".format(n, maxsize or "unbounded")
        table.add(label + ", system calls", calls, 3)
        table.add(label + ", context switches", switches, 3)
    return table


def memory(bench):
    table = report.Table(
        "Memory", "Bytes.", columns=(OURS, PURE, CPYTHON), ratios=(PURE, CPYTHON)
    )
    names = ["Lock", "RLock", "Condition", "Event", "Semaphore", "Barrier", "Queue", "LifoQueue"]
    names += ["PriorityQueue", "SimpleQueue", "Thread"]
    names += ["an item of a " + kind for kind in names[6:10]]
    results = bench.case((OURS, PURE), "heap_bytes")
    for index, name in enumerate(names):
        table.add("heap, " + name, each(results, index))
    results = bench.case(PYTHONS, "resident", 32)
    table.add("resident, a blocked thread", each(results, 0))
    allocations = bench.case((OURS,), "allocations")
    for index, (name, _, _) in enumerate(cases.OPERATIONS):
        figures = each(allocations, index)
        if not name.startswith(MAKES):
            table.add("100 times " + name, figures, 0, "0", figures[OURS].value == 0)
    for folder in bench.options.objects:
        for part in ("sync", "threading", "queue"):
            size = code_size(os.path.join(folder, part))
            if size:
                arch = os.path.basename(os.path.dirname(folder))
                table.add("code and tables, {}, {}".format(part, arch), {OURS: Figure([size])})
    return table


def code_size(folder):
    objects = [
        os.path.join(path, name)
        for path, _, names in os.walk(folder)
        for name in names
        if name.endswith(".o")
    ]
    if not objects:
        return 0
    # GNU size reads objects of any machine.
    lines = subprocess.run(["size"] + objects, stdout=subprocess.PIPE, text=True).stdout
    return sum(sum(map(int, line.split()[:2])) for line in lines.splitlines()[1:])


THREADS = (1, 2, 4, 16, 64, 256)
LENGTHS = (1, 100, 10000, 1000000)


class Growth:
    """Rows of one figure at growing numbers: says whether it grows faster than the number."""

    def __init__(self, table):
        self.table = table
        self.first = None

    def add(self, label, number, figures, allowed):
        """allowed: by what factor the figure may be greater than at the first number."""
        value = figures[OURS].value
        if self.first is None:
            self.first = (number, value)
        limit = allowed(number / self.first[0]) * self.first[1]
        met = value <= limit if number != self.first[0] else None
        self.table.add(label, figures, 1, "" if met is None else "<= {:.0f}".format(limit), met)


def beside(bench):
    table = report.Table(
        "Beside blocked threads",
        "Nanoseconds of ours, on one core, beside so many threads that wait for something else. Half "
        "as much again is allowed for caches.",
        columns=[str(number) for number in THREADS],
        ratios=(),
    )
    args = (bench.size(5, 1), bench.size(300, 20))
    rows = {n: bench.case((OURS,), "beside", n, *args, prefix=ONE_CORE) for n in THREADS}
    names = [name for name, _, _ in cases.OPERATIONS]
    names += ["ping-pong, " + kind for kind in cases.HAND_OVERS]
    for index, name in enumerate(names):
        figures = {str(n): each(results, index)[OURS] for n, results in rows.items()}
        values = [figure.value for figure in figures.values()]
        table.add(name, figures, 0, "<= 1.5 times", max(values) <= 1.5 * values[0])
    return table


def scaling(bench):
    table = report.Table(
        "Scaling",
        "What an operation costs with many threads or items: an operation of one thread does not "
        "depend on them (half as much again is allowed for caches, and log n for a heap); what "
        "wakes n threads takes n times as long, at most.",
        columns=(OURS, CPYTHON),
        ratios=(CPYTHON,),
    )
    who = (OURS, CPYTHON)
    ours = [word.replace("heapsize=4m", "heapsize=64m") for word in bench.commands[OURS]]
    with_room = dict(bench.commands, **{OURS: ours})
    for kind in ("Queue", "LifoQueue", "SimpleQueue", "PriorityQueue"):
        growth = Growth(table)
        for length in LENGTHS[: bench.size(4, 3)]:
            results = bench.case(who, "full", kind, length, commands=with_room)
            label = "{} of {}, put and get, ns".format(kind, length)

            def allowed(n, heap=kind == "PriorityQueue"):
                return 1.5 * (1 + math.log2(n)) if heap else 1.5

            growth.add(label, length, each(results, 0), allowed)
    growth = Growth(table)
    for number in THREADS:
        results = bench.case(who, "start_join", bench.size(200, 20), number)
        label = "start and join beside {} threads, us".format(number)
        growth.add(label, number, figures_of(results, statistics.median), lambda n: 1.5)
    growth = Growth(table)
    for number in THREADS:
        results = bench.case(who, "broadcast", number, bench.size(50, 5), prefix=ONE_CORE)
        label = "set() to the last of {} waiters, one core, us".format(number)
        growth.add(label, number, figures_of(results, statistics.median), lambda n: n)
    growth = Growth(table)
    items = bench.size(20480, 2048)
    for number in THREADS:
        results = bench.case(who, "pipeline", "Queue", 64, number, number, items)
        figures = by_round(results, lambda r: r[0] * 1000 / items)
        label = "an item of {0} producers to {0} consumers, ns".format(number)
        growth.add(label, number, figures, lambda n: n)
    return table


GROUPS = (
    operations,
    calls,
    throughput,
    hand_over,
    start_join,
    timed,
    idle,
    sharing,
    system,
    memory,
    beside,
    scaling,
)


def draw(path, tables):
    """Ours and the edition in Python as multiples of CPython's time, logarithmic."""
    rows = [
        row
        for name in ("operations", "hand_over", "start_join", "timed")
        for row in tables[name].rows
        if CPYTHON in row.figures and row.target
    ]
    panel = report.Table("Time, as a multiple of CPython's", "")
    for row in rows:
        base = row.figures[CPYTHON].value
        figures = {
            who: Figure([value / base for value in row.figures[who].rounds])
            for who in (OURS, PURE)
            if who in row.figures
        }
        panel.add(row.label, figures, digits=2)
    scale = report.log_scale(0.005, 100)
    ticks = [0.01, 0.1, 1, 10, 100]
    columns = (OURS, PURE)
    report.write_svg(path, report.Bars(panel, panel.rows, scale, ticks, "logarithmic", columns))


# What the README shows: a group, its row, the unit.
README_ROWS = (
    ("operations", "with lock", "ns"),
    ("operations", "Queue put, get", "ns"),
    ("operations", "new Queue", "ns"),
    ("throughput", "1 to 1, maxsize 64", "thousand items a second"),
    ("throughput", "4 to 4, maxsize 64", "thousand items a second"),
    ("hand_over", "queues, one core, median", "us, ping-pong"),
    ("start_join", "0 others alive, one core", "us, start and join"),
    ("timed", "Event.wait, too long", "us, of 50 ms"),
    ("sharing", "late, 2 hogs", "us, a sleep of 10 ms"),
)
README_MARK = "<!-- make bench -->\n"


def write_readme(path, tables):
    """Puts a table of README_ROWS between the two marks in the file."""
    lines = ["| | ours | in Python | CPython | C |", "| :-- | --: | --: | --: | --: |"]
    for group, label, unit in README_ROWS:
        row = next(row for row in tables[group].rows if row.label == label)
        cells = [
            "{:.{}f}".format(row.figures[who].value, row.digits) if who in row.figures else ""
            for who in (OURS, PURE, CPYTHON, C)
        ]
        lines.append("| " + " | ".join(["{} ({})".format(label, unit)] + cells) + " |")
    with open(path) as file:
        before, _, after = file.read().split(README_MARK)
    with open(path, "w") as file:
        file.write(README_MARK.join([before, "\n".join(lines) + "\n", after]))


def main():
    options = contest.parse_options(__doc__.splitlines()[0], "objects", "readme")
    options.objects = options.objects.split(":")

    def publish(line, tables):
        title = "threading and queue, measured"
        contest.write_markdown(
            options, "bench", title, "make bench", line, tables, "Ours beside CPython, as bars"
        )
        draw(os.path.join(options.out, "bench.svg"), tables)
        if options.readme:
            write_readme(options.readme, tables)

    return contest.run_groups(options, GROUPS, Bench, publish)


if __name__ == "__main__":
    sys.exit(main())
