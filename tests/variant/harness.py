"""What the tests of this folder share: starting the interpreter, watching it, failing.

    def test_interrupted_sleep(t):
        p = t.start('''
            import time
            print("ready")
            try:
                time.sleep(30)
            except KeyboardInterrupt:
                print("interrupted")
        ''')
        p.line("ready")
        p.wait_blocked()
        p.signal(signal.SIGINT)
        p.line("interrupted")
        p.finish()

Every wait in here ends at the test's time limit with a Failure, which shows the script, what it
has printed and what was expected. Nothing that a test has started outlives it.
"""

import collections
import ctypes
import itertools
import os
import random
import re
import shutil
import shlex
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

# How much of a script's output a failure shows, from its end.
SHOWN_LINES = 25
SHOWN_COLUMNS = 160

# A thread counts as blocked when it sleeps and has not run between so many looks, so far apart.
BLOCKED_LOOKS = 4
BLOCKED_PAUSE = 0.002

# The exit status after a KeyboardInterrupt that nobody catches: 1 up to MicroPython 1.25, then 130.
INTERRUPTED = "1 or 130"

# For scripts: a queue whose hooks are Python.
HOOKED = """
class Hooked(queue.Queue):
    def _init(self, maxsize):
        self.items = []
    def _qsize(self):
        return len(self.items)
    def _put(self, item):
        self.items.append(item)
    def _get(self):
        return self.items.pop(0)
"""

# Runs a command with other limits or as another user, in the same process. (preexec_fn is not
# safe in a program with threads, as the runner is.)
LIMITER = """
import os, resource, sys
uid, nproc, memory = (int(word) for word in sys.argv[1:4])
if memory:
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
if nproc:
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    resource.setrlimit(resource.RLIMIT_NPROC, (nproc, hard))
if uid:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
os.execv(sys.argv[4], sys.argv[4:])
"""

LIMIT_CHANGER = """
import os, resource, sys
pid, nproc, uid = (int(word) for word in sys.argv[1:])
if os.geteuid() != uid:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
hard = resource.prlimit(pid, resource.RLIMIT_NPROC)[1]
resource.prlimit(pid, resource.RLIMIT_NPROC, (nproc, hard))
"""


class Skip(Exception):
    """The test cannot run here."""


class Failure(Exception):
    """Something is not as promised."""

    def __init__(self, text, process=None):
        super().__init__(text)
        self.process = process


def alone(function):
    """Marks a test that measures time: no other runs beside it."""
    function.alone = True
    return function


def runs_alone(function):
    return getattr(function, "alone", False)


def stress(function):
    """Marks a test of what may go wrong now and then: with --stress, one that t.repeats().

    The short form, a few repetitions, runs with all other tests.
    """
    function.stress = True
    return function


def is_stress(function):
    return getattr(function, "stress", False)


def least_late(t, limit, attempt, what):
    """Calls attempt(), which returns how late something was, until it is not later than limit.

    A busy machine makes any program late now and then, a fault in ours does so every time.
    """
    lateness = []
    for _ in range(4):
        lateness.append(attempt())
        if lateness[-1] <= limit * t.slow:
            return
    text = ", ".join("%.1f" % (1000 * seconds) for seconds in lateness)
    raise Failure("%s: expected within %.1f ms, was %s ms" % (what, 1000 * limit * t.slow, text))


def short(value):
    text = repr(value)
    return text if len(text) <= SHOWN_COLUMNS else text[:SHOWN_COLUMNS] + "..."


class Stream:
    """The lines that come out of a pipe, each with the time at which it came."""

    def __init__(self, fd):
        self.fd = fd
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        rest = b""
        while True:
            data = os.read(self.fd, 65536)
            now = time.monotonic()
            *lines, rest = (rest + data).split(b"\n")
            if not data and rest:
                lines = [rest]
            with self.changed:
                self.lines += [(now, line.decode("utf-8", "replace")) for line in lines]
                self.ended = not data
                self.changed.notify_all()
            if not data:
                os.close(self.fd)
                return

    def text(self):
        with self.changed:
            return "".join(line + "\n" for _, line in self.lines)


class Interpreter:
    """One run of the interpreter under test."""

    def __init__(self, test, command, script, streams, environment):
        self.test = test
        self.script = script
        self.taken = 0  # lines of standard output that line() has seen
        self.popen = subprocess.Popen(
            command,
            stdin=streams.get("stdin", subprocess.DEVNULL),
            stdout=streams.get("stdout", subprocess.PIPE),
            stderr=streams.get("stderr", subprocess.PIPE),
            cwd=str(test.folder),
            env=dict(os.environ, **environment),
            start_new_session=True,
        )
        self.pid = self.popen.pid
        # The stream takes over the descriptor and closes it.
        self.out, self.err = (
            Stream(os.dup(pipe.fileno())) if pipe else None
            for pipe in (self.popen.stdout, self.popen.stderr)
        )
        for pipe in (self.popen.stdout, self.popen.stderr):
            if pipe:
                pipe.close()

    def fail(self, text):
        raise Failure(text, self)

    def check_equal(self, what, want, got):
        if want != got:
            if isinstance(want, (str, list)) and isinstance(got, type(want)):
                # From where they differ on.
                same = len(os.path.commonprefix([want, got]))
                what += " from %d of %d on" % (same, len(got)) if same else ""
                want, got = want[same:], got[same:]
            self.fail("%s: expected %s, got %s" % (what, short(want), short(got)))

    # Output

    def next_line(self):
        """(time, text) of the next line of standard output."""
        with self.out.changed:
            while self.taken == len(self.out.lines):
                if self.out.ended:
                    self.fail("expected another line, but the output has ended")
                if not self.out.changed.wait(max(0, self.test.deadline - time.monotonic())):
                    self.fail("expected another line, none came in time")
            self.taken += 1
            return self.out.lines[self.taken - 1]

    def line(self, want):
        """Waits for the next line, which must be this one; returns when it came."""
        when, got = self.next_line()
        self.check_equal("line %d" % self.taken, want, got)
        return when

    def match(self, pattern):
        """Waits for the next line, which must match; returns the match."""
        _, got = self.next_line()
        found = re.fullmatch(pattern, got)
        if not found:
            self.fail("line %d: expected %r, got %s" % (self.taken, pattern, short(got)))
        return found

    @property
    def stdout(self):
        return self.out.text()

    @property
    def stderr(self):
        return self.err.text()

    # What /proc says

    def tasks(self):
        """Ids of its threads, the main one first."""
        ids = sorted(int(name) for name in os.listdir("/proc/%d/task" % self.pid))
        return [self.pid] + [tid for tid in ids if tid != self.pid]

    def wait_for(self, what, condition):
        """Waits until condition() is true, and returns what it returned."""
        while time.monotonic() < self.test.deadline:
            result = condition()
            if result:
                return result
            time.sleep(0.001)
        self.fail("expected %s in time" % what)

    def thread_named(self, name):
        """The id of the thread with this name, as soon as there is one."""

        def find():
            for tid in self.tasks():
                try:
                    path = Path("/proc/%d/task/%d/comm" % (self.pid, tid))
                    if path.read_text().strip() == name:
                        return tid
                except (FileNotFoundError, ProcessLookupError):
                    pass

        return self.wait_for("a thread with the native name %r" % name, find)

    def status_of(self, tid):
        try:
            text = Path("/proc/%d/task/%d/status" % (self.pid, tid)).read_text()
        except (FileNotFoundError, ProcessLookupError):
            self.fail("expected a blocked thread, but it has ended")
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def wait_blocked(self, tid=None):
        """Returns once the thread (the main one) sleeps in a system call that goes on."""
        before, looks = None, 0
        while looks < BLOCKED_LOOKS:
            status = self.status_of(tid or self.pid)
            now = status["State"][0], status["voluntary_ctxt_switches"]
            looks = looks + 1 if now == before and now[0] == "S" else 0
            before = now
            if time.monotonic() > self.test.deadline:
                self.fail("expected a blocked thread, but it runs")
            time.sleep(BLOCKED_PAUSE)

    def resident(self):
        """Resident memory, bytes."""
        pages = int(Path("/proc/%d/statm" % self.pid).read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    # Acting on it

    def signal(self, number):
        """Sends a signal to the process; returns when."""
        when = time.monotonic()
        os.kill(self.pid, number)
        return when

    def signal_thread(self, tid, number):
        if ctypes.CDLL(None, use_errno=True).tgkill(self.pid, tid, number) != 0:
            self.fail("cannot signal thread %d" % tid)

    def write(self, text):
        os.write(self.popen.stdin.fileno(), text.encode())

    def limit_threads(self, n):
        """Changes the limit that limited() has set, as the same user."""
        uid = os.stat("/proc/%d" % self.pid).st_uid
        command = [sys.executable, "-S", "-c", LIMIT_CHANGER, str(self.pid), str(n), str(uid)]
        if subprocess.run(command).returncode != 0:
            self.fail("cannot change the limit")

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()
        if self.popen.stdin:
            self.popen.stdin.close()

    def finish(self, status=0, stdout=None, stderr=None, limit=None):
        """Waits for the end. What is given must be so; standard error is empty if not given."""
        try:
            left = self.test.deadline - time.monotonic()
            got = self.popen.wait(max(0.1, min(left, limit * self.test.slow if limit else left)))
        except subprocess.TimeoutExpired:
            self.fail("expected the program to end, but it goes on")
        for stream in (self.out, self.err):
            if stream:
                stream.thread.join(10)
        if got != status and not (status == INTERRUPTED and got in (1, 130)):
            self.check_equal("exit status", status, got)
        if stdout is not None:
            self.check_equal("standard output", stdout, self.stdout)
        if self.err:
            if stderr is None or isinstance(stderr, str):
                self.check_equal("standard error", stderr or "", self.stderr)
            elif not stderr.search(self.stderr):
                self.fail(
                    "standard error: expected %r, got %s" % (stderr.pattern, short(self.stderr))
                )
        return self

    def describe(self):
        """The script and what came of it, as lines."""
        lines = ["script (process %d, exit status %s):" % (self.pid, self.popen.poll())]
        lines += ["  | " + line for line in self.script.splitlines()]
        for name, stream in (("standard output", self.out), ("standard error", self.err)):
            if stream and stream.lines:
                text = [line for _, line in stream.lines]
                lines.append("%s, %d lines:" % (name, len(text)))
                lines += ["  > " + line[:SHOWN_COLUMNS] for line in text[-SHOWN_LINES:]]
        return lines


class Test:
    """What a test gets: the interpreter's command, its limits, and what it has to clean up."""

    def __init__(self, name, options):
        self.name = name
        self.command = options.command
        self.program = Path(options.command[-1])
        self.slow = options.slow_factor
        self.emulated = any("qemu" in os.path.basename(word) for word in self.command[:1])
        self.timeout = options.timeout
        self.stress = options.stress
        self.folder = Path(tempfile.mkdtemp(prefix="variant-"))
        if self.emulated:
            self.command = [self.write_starter()]
        self.processes = []
        self.counts = collections.Counter()  # what a stress has done, for its report
        self.begin(options.seed)

    def write_starter(self):
        """QEMU's user mode starts no other ARM program; a program that starts itself again, by

        sys.executable, starts this script.
        """
        path = self.folder / "interpreter"
        words = " ".join(map(shlex.quote, self.command[:-1]))
        program = shlex.quote(self.command[-1])
        path.write_text('#!/bin/sh\nexec %s -0 "$0" %s "$@"\n' % (words, program))
        path.chmod(0o755)
        return str(path)

    @property
    def musl(self):
        """Whether that is the C library: a program without glibc's dynamic linker is static."""
        return b"ld-linux" not in self.program.read_bytes()

    def begin(self, seed):
        """What each repetition has of its own: random choices, a time limit, processes."""
        self.seed = seed
        self.random = random.Random("%d/%s" % (seed, self.name))
        self.deadline = time.monotonic() + self.timeout
        for process in self.processes:
            if process.popen.poll() is not None:
                process.kill()
        self.processes = [p for p in self.processes if p.popen.returncode is None]

    def repeats(self, n):
        """Counts repetitions: n in the short form, else until the time of --stress is over.

        The seed goes up by one each time. A failure names that of its own repetition, which is
        the first of a run that is given this seed.
        """
        least = 1 if self.stress else round(n / self.slow)
        end = time.monotonic() + self.stress
        seed = self.seed
        for number in itertools.count():
            if number >= least and number and time.monotonic() >= end:
                return
            self.begin(seed + number)
            yield number
            self.counts["repetitions"] += 1

    def start(self, script, options=(), env=None, wrap=(), module=None, **streams):
        """Starts the interpreter on the script, which is indented like the text around it."""
        script = textwrap.dedent(script).strip("\n") + "\n"
        path = self.folder / ((module or "script%d" % len(self.processes)) + ".py")
        path.write_text(script)
        environment = dict({"MICROPYPATH": str(self.folder)}, **(env or {}))
        what = ["-m", module] if module else [str(path)]
        command = [*wrap, *self.command, *options, *what]
        process = Interpreter(self, command, script, streams, environment)
        self.processes.append(process)
        return process

    def run(self, script, status=0, stdout=None, stderr=None, **how):
        """Starts the interpreter and waits for its end, as finish() does."""
        return self.start(script, **how).finish(status, stdout, stderr)

    def limited(self, nproc=0, memory=0):
        """For start(wrap=...): limits threads and address space. Root has no limit of threads,

        so the interpreter then runs as a user whom nobody else is."""
        uid = self.random.randrange(100000, 1000000) if nproc and os.geteuid() == 0 else 0
        if uid:
            self.folder.chmod(0o755)
        elif nproc:
            nproc += own_tasks()
        words = [str(word) for word in (uid, nproc, memory)]
        return [sys.executable, "-S", "-c", LIMITER, *words]

    def hogs(self, n=2):
        """Keeps n cores busy until the test ends."""
        for _ in range(n):
            self.start("while True:\n    pass")

    def end_hogs(self):
        for process in self.processes:
            if process.script.startswith("while True"):
                process.kill()

    def describe(self, error):
        lines = ["%s: %s" % (type(error).__name__, error), "seed: %d" % self.seed]
        process = getattr(error, "process", None)
        if process is None:
            shown = [p for p in self.processes if not p.script.startswith("while True")]
            process = shown[-1] if shown else None
        return lines + (process.describe() if process else [])

    def clean_up(self):
        for process in self.processes:
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def own_tasks():
    """How many threads this user has."""
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == os.getuid():
                count += len(os.listdir(str(folder / "task")))
        except OSError:
            pass
    return count
