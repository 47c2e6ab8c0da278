#!/usr/bin/env python3
"""Run random programs of calls of threading and queue on CPython and on MicroPython, and compare.

    python3 tests/run_fuzz.py --micropython build/host/micropython --programs 100000
    python3 tests/run_fuzz.py --micropython build/host/micropython --seed 1234 --programs 1

A program is a few objects and a dozen calls, one statement a line, with arguments of all sorts:
wrong types, NaN, infinities, huge and negative numbers, objects that raise or call back.
tests/fuzz/interpret.py runs them, many in one process; each statement must have the same result,
or the same type of exception, on both, and MicroPython must not crash or hang.

A program that fails is made as short as it can be and printed with its seed. tests/fuzz/corpus
holds those that failed once: they run first. Programs are numbered from the seed on. The last
line is `NAME: N passed, N failed, N skipped`, counted in batches; exit status 1 if any failed.
"""

import argparse
import concurrent.futures
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
INTERPRET = HERE / "fuzz" / "interpret.py"
CORPUS = HERE / "fuzz" / "corpus"
END = "---"

# Enough to make the start of two processes cheap, little enough to find a hang soon.
BATCH = 500

# Statements of a program, objects included.
STATEMENTS = (6, 24)

# Failures that are shortened and printed; more would say the same.
SHOWN = 5

INTS = "0 1 2 3 -1 -2 2**31".split()
ITEMS = "0 1 2 3 -1 'x' None True (1,2) [3] Raises() 2**70 1.5 nan".split() + ["q0", "Raises"]
TRUTHS = "True False 0 1 None '' 'x' [] 0.0 2**70".split()
FALSE = "False 0 None '' [] 0.0".split()
# Timeouts after which a wait is over, or which are refused; and those that would wait for ever.
SHORT = "0 0.0 0.0002 -1e-9 -0.5 -1 inf 1e300 2**70 'x' []".split()
LONG = "None 1e9 threading.TIMEOUT_MAX".split()
CALLBACKS = (
    "q0.queue.append(7)", "q0.queue.pop()", "q0.queue.clear()", "s0.put(1)", "s0.get_nowait()",
    "e0.set()", "e0.clear()", "r0.acquire(False)", "r0.release()", "q0.maxsize", "1/0 if 0 else None",
    "q1.maxsize", "c0.notify()",
)


class Writer:
    """Writes one program."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def chance(self, share):
        return self.random.random() < share

    def calls(self):
        return "Calls(%s, %r)" % (self.pick("0123"), self.pick(CALLBACKS))

    def item(self):
        return self.calls() if self.chance(0.15) else self.pick(ITEMS)

    def function(self):
        return self.pick(("None", "len", "Raises()", "1", self.calls(), "lambda *a, **k: 5",
                          "lambda: q0.put_nowait(4)", "lambda: e0.set()"))

    def wait(self):
        """Arguments of a call that must not block: (block, timeout)."""
        if self.chance(0.5):
            return self.pick(FALSE), self.pick(SHORT + LONG)
        return self.pick(TRUTHS), self.pick(SHORT)

    def arguments(self, names, values, required=0):
        """So many of the values that the call is right most of the time, by position or name."""
        n = self.random.randint(required, len(values))
        by_name = self.random.randint(0, n) if self.chance(0.4) else n
        words = [str(v) for v in values[:by_name]]
        words += ["%s=%s" % pair for pair in list(zip(names, values))[by_name:n]]
        if self.chance(0.02):
            words.append(self.pick(("wrong=1", "**{'x': 1}")))
        return ", ".join(words)

    def call(self, target, name, names=(), values=(), required=None):
        required = len(values) if required is None else required
        return "%s.%s(%s)" % (target, name, self.arguments(names, values, required))

    # The kinds of objects: how one is made, and what may be done to it.

    def make_queue(self):
        kind = self.pick("queue.Queue queue.LifoQueue queue.PriorityQueue Hooked Counted".split())
        size = self.pick(["", "", "0", "1", "2", "3", "maxsize=2", "-1", "2**31"])
        return "%s(%s)" % (kind, size)

    def use_queue(self, q):
        block, timeout = self.wait()
        wait = ("block", "timeout"), (block, timeout)
        return self.pick((
            lambda: self.call(q, "put", ("item",) + wait[0], (self.item(),) + wait[1]),
            lambda: self.call(q, "put_nowait", ("item",), (self.item(),)),
            lambda: self.call(q, "get", *wait),
            lambda: self.call(q, "get_nowait"),
            lambda: self.call(q, self.pick(("qsize", "empty", "full", "task_done"))),
            lambda: "%s.join() if %s.unfinished_tasks == 0 else None" % (q, q),
            lambda: "%s.%s" % (q, self.pick(("maxsize", "unfinished_tasks", "queue"))),
            lambda: "%s.maxsize = %s" % (q, self.pick("0123")),
            lambda: "%s.%s" % (q, self.pick((
                "mutex.locked()", "not_full.notify()", "mutex.release()", "not_empty._is_owned()",
                "mutex.acquire(False) and %s.mutex.release()" % q,
                "all_tasks_done.notify_all()", "_qsize()", "not_empty.wait(0.0002)"))),
            lambda: "%s.queue.%s" % (q, self.pick((
                "append(5)", "pop()", "clear()", "reverse()", "insert(1, 9)", "extend([3, 2, 1])", "extend('ab')", "append(%s)" % self.calls(),
                "copy()"))),
            lambda: "len(%s.queue), %s.queue[%s]" % (q, q, self.pick(("0", "1", "-1", "'x'"))),
        ))()

    def make_simple(self):
        return "queue.SimpleQueue(%s)" % ("1" if self.chance(0.03) else "")

    def use_simple(self, q):
        # CPython 3.11 waits for ever if the time is over when it looks at the clock a second time.
        block, timeout = self.wait()
        timeout = timeout.replace("0.0002", "0.02")
        return self.pick((
            lambda: self.call(q, "put", ("item",), (self.item(),)),
            lambda: self.call(q, "put", ("item", "block", "timeout"),
                              (self.item(), self.pick(FALSE), self.pick(SHORT + LONG))),
            lambda: self.call(q, "get", ("block", "timeout"), (block, timeout)),
            lambda: "%s.get_nowait()" % q,
            lambda: self.call(q, self.pick(("qsize", "empty"))),
        ))()

    def make_lock(self):
        return "threading.Lock()"

    # Before 3.12 CPython's locks take nothing but an int for `blocking`.
    def use_lock(self, lock):
        wait = self.pick(("False", "0")), "-1"
        if self.chance(0.5):
            wait = self.pick(("True", "1", "False")), self.pick([s for s in SHORT if s != "-1"])
        return self.pick((
            lambda: self.call(lock, "acquire", ("blocking", "timeout"), wait),
            lambda: self.call(lock, "release"),
            lambda: self.call(lock, "locked"),
            lambda: "%s.__exit__(None, None, None)" % lock,
        ))()

    def make_rlock(self):
        return "threading.RLock()"

    def use_rlock(self, lock):
        timeout = self.pick([s for s in SHORT if s != "-1"])
        return self.pick((
            lambda: self.call(lock, "acquire", ("blocking", "timeout"), ("True", timeout)),
            lambda: self.call(lock, "acquire", ("blocking", "timeout"), ("False", "-1"), 1),
            lambda: self.call(lock, "release"),
            lambda: "%s._is_owned()" % lock,
            lambda: "%s.__exit__(None, None, None)" % lock,
            lambda: "{0}._acquire_restore({0}._release_save()) if {0}._is_owned() else 0".format(lock),
        ))()

    def make_condition(self):
        return "threading.Condition(%s)" % self.pick(("", "r0", "threading.Lock()", "None", "1"))

    def use_condition(self, c):
        return self.pick((
            lambda: "%s.acquire(False)" % c,
            lambda: self.call(c, "release"),
            lambda: self.call(c, "wait", ("timeout",), (self.pick(SHORT),)),
            lambda: self.call(c, "wait_for", ("predicate", "timeout"),
                              (self.function(), self.pick(("0", "0.0002", "-1")))),
            lambda: self.call(c, "notify", ("n",), (self.pick(INTS),), 0),
            lambda: self.call(c, "notify_all"),
            lambda: "%s._is_owned()" % c,
        ))()

    def make_semaphore(self):
        kind = self.pick(("Semaphore", "BoundedSemaphore"))
        value = self.pick(("", "0", "1", "2", "value=3", "-1", "'x'", "None", "[]"))
        return "threading.%s(%s)" % (kind, value)

    def use_semaphore(self, s):
        block, timeout = self.wait()
        return self.pick((
            lambda: self.call(s, "acquire", ("blocking", "timeout"), (block, timeout)),
            lambda: self.call(s, "release", ("n",), (self.pick("0 1 1 2 -1 'x' None".split()),), 0),
            lambda: "%s._value" % s,
            lambda: "%s.__exit__(None, None, None)" % s,
        ))()

    def make_event(self):
        return "threading.Event()"

    def use_event(self, e):
        return self.pick((
            lambda: self.call(e, self.pick(("set", "clear", "is_set", "isSet"))),
            lambda: self.call(e, "wait", ("timeout",), (self.pick(SHORT),)),
        ))()

    def make_barrier(self):
        timeout = self.pick(SHORT)
        return "threading.Barrier(%s)" % self.arguments(
            ("parties", "action", "timeout"),
            (self.pick(("1", "1", "2", "3")), self.function(), timeout), 3)

    def use_barrier(self, b):
        return self.pick((
            lambda: self.call(b, "wait", ("timeout",), (self.pick(SHORT),)),
            lambda: self.call(b, self.pick(("reset", "abort"))),
            lambda: "%s.%s" % (b, self.pick(("broken", "parties", "n_waiting"))),
        ))()

    def make_thread(self):
        return self.pick((
            lambda: "threading.Thread(%s)" % self.arguments(
                ("target", "name", "args", "kwargs", "daemon"), (), 0),
            lambda: "threading.Thread(target=%s, name=%s, args=%s, kwargs=%s, daemon=%s)" % (
                self.function(), self.pick(("None", "'a'", "5", "''", "[]", "Raises()")),
                self.pick(("()", "(1,)", "[1]", "5", "'ab'", "None")),
                self.pick(("None", "{}", "{'a': 1}", "5")),
                self.pick(TRUTHS)),
            lambda: "Worker(%r)" % self.statement(),
            lambda: "threading.Timer(%s, %s)" % (
                self.pick(("0", "0.0002", "-1", "'x'")), self.function()),
            lambda: "Lazy()",
        ))()

    def use_thread(self, t):
        return self.pick((
            lambda: "run(%s)" % t,
            lambda: "run(%s)" % t,
            lambda: self.call(t, "join", ("timeout",), (self.pick(("0", "-1", "0.0002", "None", "1e9")),), 0),
            lambda: self.call(t, "is_alive"),
            lambda: self.call(t, "setName", ("name",), (self.pick(ITEMS[:6]),)),
            lambda: "%s.daemon = %s" % (t, self.pick(TRUTHS)),
            lambda: "%s.%s" % (t, self.pick(("daemon", "ident is None", "native_id is None"))),
            lambda: "%s.cancel()" % t,
            lambda: "threading.active_count(), len(threading.enumerate())",
            lambda: "threading.current_thread().name",
        ))()

    def make_local(self):
        return self.pick(("threading.local()", "Own(1, a=2)", "Own()", "threading.local(1)"))

    def use_local(self, x):
        return self.pick((
            lambda: "%s.%s = %s" % (x, self.pick(("a", "b", "size")), self.item()),
            lambda: "%s.%s" % (x, self.pick(("a", "b", "size", "args"))),
            lambda: "delattr(%s, %r)" % (x, self.pick(("a", "b", "size"))),
            lambda: "setattr(%s, %r, 1)" % (x, self.pick(("a", "b"))),
            lambda: "len(%s.__dict__)" % x,
            lambda: "run(Worker(%r))" % ("%s.%s" % (x, self.pick(("a", "size", "args")))),
        ))()

    KINDS = (
        ("q0", "queue"), ("q1", "queue"), ("s0", "simple"), ("l0", "lock"), ("r0", "rlock"),
        ("c0", "condition"), ("m0", "semaphore"), ("e0", "event"), ("b0", "barrier"),
        ("t0", "thread"), ("x0", "local"),
    )
    objects = ()

    def statement(self):
        name, kind = self.pick(self.objects)
        return getattr(self, "use_" + kind)(name)

    def program(self):
        self.objects = self.random.sample(self.KINDS, self.random.randint(1, 4))
        lines = []
        for name, kind in sorted(self.objects, key=self.KINDS.index):
            lines.append("%s = %s" % (name, getattr(self, "make_" + kind)()))
        for _ in range(self.random.randint(*STATEMENTS) - len(lines)):
            lines.append(self.statement())
        return lines


class Outcome:
    """What an interpreter printed for some programs, and how it ended."""

    def __init__(self, command, programs, timeout, folder):
        handle, path = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w") as f:
            for lines in programs:
                f.writelines(line + "\n" for line in [*lines, END])
        try:
            p = subprocess.run([*command, str(INTERPRET), path], stdin=subprocess.DEVNULL,
                               capture_output=True, timeout=timeout)
            self.output, self.errors = p.stdout, p.stderr.decode("utf-8", "replace")
            self.end = "exit status %d" % p.returncode if p.returncode else ""
        except subprocess.TimeoutExpired as e:
            self.output, self.errors = e.stdout or b"", ""
            self.end = "hangs"
        os.unlink(path)

    def results(self):
        """The lines of each program; the last one may be cut short."""
        parts = self.output.decode("utf-8", "replace").split(END + "\n")
        return [part.splitlines() for part in parts]


class Comparison:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder

    def outcomes(self, programs):
        timeout = self.options.timeout * (1 + len(programs) / 50)
        for command in (self.options.cpython, self.options.micropython):
            yield Outcome(command, programs, timeout, self.folder)

    def differ(self, programs):
        """The index of the first program that goes differently, or None; and both outcomes."""
        want, got = self.outcomes(programs)
        if want.output == got.output and not want.end and not got.end:
            return None, want, got
        pairs = zip(want.results(), got.results())
        different = [i for i, (a, b) in enumerate(pairs) if a != b]
        return (different[0] if different else len(programs) - 1), want, got

    def narrow(self, programs, first):
        """Where the one that fails alone begins and ends; else as few as fail together."""
        begin, end = 0, len(programs)
        if self.differ([programs[first]])[0] is not None:
            return first, first + 1
        while end - begin > 1:
            middle = (begin + end) // 2
            if self.differ(programs[begin:middle])[0] is not None:
                end = middle
            elif self.differ(programs[middle:end])[0] is not None:
                begin = middle
            else:
                break
        return begin, end

    def shorten(self, lines):
        """Leaves out every statement without which the program still fails."""
        i = len(lines) - 1
        while i >= 0:
            shorter = lines[:i] + lines[i + 1 :]
            if shorter and self.differ([shorter])[0] is not None:
                lines = shorter
            i -= 1
        return lines

    def describe(self, title, lines):
        lines = self.shorten(lines)
        _, want, got = self.differ([lines])
        text = ["failed: " + title]
        results = [(want.results() + [[]])[0], (got.results() + [[]])[0]]
        for i, line in enumerate(lines):
            a, b = (r[i] if i < len(r) else "nothing" for r in results)
            text.append("    %-50s %s" % (line, a if a == b else "CPython %s, MicroPython %s" % (a, b)))
        for name, outcome in (("CPython", want), ("MicroPython", got)):
            if outcome.end:
                text.append("    %s: %s" % (name, outcome.end))
                text += ["    > " + line[:160] for line in outcome.errors.splitlines()[:20]]
        return "\n".join(text)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="fuzz", help="name of this run in the closing line")
    parser.add_argument("--micropython", required=True, help="command of the build under test")
    parser.add_argument("--cpython", default="/usr/bin/python3", help="command of CPython")
    parser.add_argument("--programs", type=int, default=5000, help="how many")
    parser.add_argument("--seconds", type=float, help="in the place of a number of programs")
    parser.add_argument("--seed", type=int, help="of the first program, as a failure names it")
    parser.add_argument("--jobs", type=int, default=2, help="batches that run at once")
    parser.add_argument("--timeout", type=float, default=3, help="seconds for 50 programs")
    options = parser.parse_args()
    options.micropython = shlex.split(options.micropython)
    options.cpython = shlex.split(options.cpython)
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4), "big")
    return options


def corpus():
    for path in sorted(CORPUS.glob("*.txt")):
        lines = path.read_text().splitlines()
        yield path.stem, [line for line in lines if line and not line.startswith("#")]


def batches(options):
    """(seed of the first, programs)"""
    end = time.monotonic() + options.seconds if options.seconds else None
    done = 0
    while time.monotonic() < end if end else done < options.programs:
        n = BATCH if end else min(BATCH, options.programs - done)
        seeds = range(options.seed + done, options.seed + done + n)
        yield seeds[0], [Writer(seed).program() for seed in seeds]
        done += n


def main():
    options = parse_options()
    counts = {"passed": 0, "failed": 0, "programs": 0}
    shown = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        comparison = Comparison(options, folder)
        for name, lines in corpus():
            result = "passed"
            if comparison.differ([lines])[0] is not None:
                print(comparison.describe("corpus/" + name, lines), flush=True)
                result = "failed"
            counts[result] += 1
        print("seed:", options.seed, flush=True)

        def run(batch):
            index, want, got = comparison.differ(batch[1])
            return batch, index, "CPython %s, MicroPython %s" % (
                want.end or "ended", got.end or "ended")

        work = batches(options)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            running = set()
            for batch in work:
                running.add(pool.submit(run, batch))
                if len(running) >= 2 * options.jobs:
                    done, running = concurrent.futures.wait(
                        running, return_when=concurrent.futures.FIRST_COMPLETED)
                    shown = report(done, counts, comparison, shown)
            report(running, counts, comparison, shown)
    print("{} programs".format(counts["programs"]))
    print("{}: {passed} passed, {failed} failed, 0 skipped".format(options.name, **counts))
    return 1 if counts["failed"] else 0


def report(futures, counts, comparison, shown):
    for future in futures:
        (seed, programs), index, ends = future.result()
        counts["programs"] += len(programs)
        counts["failed" if index is not None else "passed"] += 1
        if index is not None and shown < SHOWN:
            shown += 1
            begin, end = comparison.narrow(programs, index)
            if end - begin == 1:
                print(comparison.describe("seed %d" % (seed + begin), programs[begin]), flush=True)
            else:
                print("failed: seed %d --programs %d: only together, or not again; %s" % (
                    seed + begin, end - begin, ends), flush=True)
    return shown


if __name__ == "__main__":
    sys.exit(main())
