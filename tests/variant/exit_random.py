"""Exits at random: any end, at any moment, with up to 300 threads in all states.

Non-daemon threads are joined, then the function of sys.atexit() runs; every line printed before is
there and whole; the exit status is right.
"""

import re
import signal
import subprocess
import time

from variant.harness import INTERRUPTED, stress

# Most runs have few threads, so that there are many runs; some have very many.
MOST_THREADS = 300

# So many may begin at once. Beside N busy threads a start() takes two rounds of the GIL's line, 5 ms
# times N each, as in CPython: with more threads all begin when the last one is started.
FEW = 20
MOST_BUSY = 30

# What a thread does: always on the processor, until `stop` if it is not a daemon ...
BUSY = {
    "compute": "while not stop: pass",
    "allocate": "while not stop: x = [[] for _ in range(100)]",
    "collect": "while not stop: gc.collect()",
    "raise": "while not stop:\n        try: 1 // 0\n        except ZeroDivisionError: pass",
    "print": "while not stop: say(i)",
    "print_and_sleep": "while not stop: say(i); time.sleep(0.001)",
    "write": "while not stop: sys.stdout.write('%d says %s.\\n' % (i, 'x' * i))",
    "start": "while not stop: t = threading.Thread(target=len, args=('',)); t.start(); t.join()",
    "start_daemon": "while not stop: threading.Thread(target=gc.mem_free, daemon=True).start()",
    "start_next": "if not stop:\n"
    "        threading.Thread(target=do_start_next, args=(i, daemon), daemon=daemon).start()",
    "ping_pong": "q = queue.Queue()\n    while not stop: q.put(1); q.get()",
    "shared_lock": "while not stop:\n        with lock: pass",
    "file": "while not stop:\n        with open(sys.argv[0]) as f: f.read()",
    "unclosed_file": "while not stop: open(sys.argv[0])",
}

# ... or most of the time in a call, which ends by itself or at the release.
WAITING = {
    "sleep": "while not stop: time.sleep(0.0001 * i)",
    "end": "time.sleep(0.0001 * i)",
    "poll": "while not stop: poll.poll(1)",
    "socket": "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(0.01)\n"
    "    while not stop:\n        try: s.recv(1)\n        except OSError: pass",
    "lock_timeout": "while not stop:\n        if held.acquire(True, 0.001): held.release()",
    "semaphore_timeout": "while not stop: nothing.acquire(timeout=0.001)",
    "event_timeout": "while not stop: threading.Event().wait(0.001)",
    "condition_timeout": "while not stop:\n        with condition: condition.wait(0.001)",
    "get_timeout": "while not stop:\n        try: queue.Queue().get(timeout=0.001)\n"
    "        except queue.Empty: pass",
    "barrier_timeout": "while not stop:\n        try: threading.Barrier(2).wait(0.001)\n"
    "        except threading.BrokenBarrierError: pass",
    "join_timeout": "while not stop: releaser.join(0.001)",
    "lock": "with held: pass",
    "lock_long": "if held.acquire(True, 100): held.release()",
    "semaphore": "nothing.acquire()",
    "event": "event.wait()",
    "event_long": "event.wait(100)",
    "condition": "with condition:\n        while not stop: condition.wait()",
    "barrier": "try: barrier.wait()\n    except threading.BrokenBarrierError: pass",
    "get": "try: empty.get()\n    except queue.ShutDown: pass",
    "get_long": "try: empty.get(timeout=100)\n    except queue.ShutDown: pass",
    "put": "try: full.put(1)\n    except queue.ShutDown: pass",
    "simple_get": "simple.get()",
    "queue_join": "full.join()",
    "join_main": "threading.main_thread().join()",
    "join_releaser": "releaser.join()",
}

# Nothing ends these: daemons only.
ENDLESS = {
    "stdin": "sys.stdin.readline()",
    "poll_for_ever": "poll.poll()",
    "receive": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).recv(1)",
    "sleep_long": "time.sleep(100)",
}

STATES = dict(BUSY, **WAITING, **ENDLESS)

SCRIPT = """
import gc, queue, select, socket, sys, threading, time
stop = False
lock, held = threading.Lock(), threading.Lock()
held.acquire()
begun, go, event = threading.Semaphore(0), threading.Event(), threading.Event()
nothing, condition = threading.Semaphore(0), threading.Condition()
barrier = threading.Barrier(1000)
empty, full, simple = queue.Queue(), queue.Queue(1), queue.SimpleQueue()
full.put(1)
poll = select.poll()
poll.register(sys.stdin, select.POLLIN)

def say(i):
    print(i, "says", "x" * i + ".")

# Lets the others go once the main thread has ended.
def release():
    global stop
    threading.main_thread().join()
    time.sleep(%(pause)g)
    stop = True
    go.set()
    held.release()
    nothing.release(1000)
    event.set()
    with condition:
        condition.notify_all()
    barrier.abort()
    empty.shutdown()
    full.shutdown(immediate=True)
    for _ in range(1000):
        simple.put(1)

releaser = threading.Thread(target=release)

%(states)s

def run(i, state, daemon):
    if not daemon:
        print("begin", i)
        begun.release()
    go.wait()
    state(i, daemon)
    if not daemon:
        print("end", i)

if %(at_once)s:
    go.set()
sys.atexit(lambda: print("atexit"))
releaser.start()
print("ready")
plan = %(plan)s
for i, (state, daemon) in enumerate(plan):
    threading.Thread(target=run, args=(i, state, daemon), daemon=daemon).start()
for state, daemon in plan:
    daemon or begun.acquire()
go.set()
for k in range(%(lines)d):
    print("main", k, "x" * %(width)d + ".")
print("main ends")
%(end)s
"""

# The end: what the main thread does, its exit status, what standard error must hold.
ENDS = [
    ("pass", 0, ""),
    ("sys.exit()", 0, ""),
    ("sys.exit(%(status)d)", None, ""),
    ("raise SystemExit(%(status)d)", None, ""),
    ("raise ValueError('end')", 1, re.compile(r"^Traceback.*\nValueError: end\n$", re.S)),
]

INTERRUPTED_TEXT = re.compile(r"^Traceback.*\nKeyboardInterrupt: ?\n$", re.S)

# What the main thread is in when a signal comes.
WAITS = [
    "while True: pass",
    "while True: time.sleep(0.001)",
    "while True: say(1)",
    "while True: gc.collect()",
    "while True: t = threading.Thread(target=len, args=('',)); t.start(); t.join()",
    "while True: open(sys.argv[0])",
    "time.sleep(100)",
    "sys.stdin.readline()",
    "poll.poll()",
    "event.wait()",
    "held.acquire(True, 100)",
    "empty.get()",
    "releaser.join()",
]


class Exit:
    """One program, chosen at random, and the check of how it has ended."""

    def __init__(self, t):
        self.t = t
        choose = t.random
        self.kind = choose.choice(["script", "script", "SIGINT", "SIGTERM"])
        n = round(MOST_THREADS ** choose.random())
        kinds = choose.sample(sorted(STATES), choose.randrange(1, 8))
        self.daemons = choose.choice([0, 0.1, 0.5, 0.9, 1])
        self.busy = 0
        self.plan = [self.choose_thread(kinds) for _ in range(n)]
        self.lines, self.width = choose.randrange(40), round(3000 ** choose.random())
        end, self.status, self.stderr = choose.choice(ENDS)
        number = choose.randrange(256)
        if self.status is None:
            self.status = number
        if self.kind != "script":
            end = choose.choice(WAITS)
        # Half of the signals come while the threads start.
        self.soon = choose.random() < 0.5
        self.delay = choose.random() ** 2 * 0.05
        self.script = SCRIPT % {
            "pause": choose.choice([0, 0, 0.001, 0.02]),
            "states": "\n".join(
                "def do_%s(i, daemon):\n    %s\n" % (name, STATES[name])
                for name in sorted({*kinds, "event"})
            ),
            "plan": "[%s]" % ", ".join("(do_%s, %s)" % thread for thread in self.plan),
            "at_once": n <= FEW and choose.random() < 0.5,
            "lines": self.lines,
            "width": self.width,
            "end": end % {"status": number} if self.kind == "script" else end,
        }

    def choose_thread(self, kinds):
        state = self.t.random.choice(kinds)
        self.busy += state in BUSY
        if state in BUSY and self.busy > MOST_BUSY:
            state = "event"
        return state, state in ENDLESS or self.t.random.random() < self.daemons

    def run(self):
        p = self.t.start(self.script, stdin=subprocess.PIPE)
        if self.kind != "script":
            while p.next_line()[1] != ("ready" if self.soon else "main ends"):
                pass
            time.sleep(self.delay)
            p.signal(getattr(signal, self.kind))
        if self.kind == "SIGTERM":
            p.finish(-signal.SIGTERM)
        elif self.kind == "SIGINT":
            p.finish(INTERRUPTED, None, INTERRUPTED_TEXT)
        else:
            p.finish(self.status, None, self.stderr)
        self.check(p)

    def check(self, p):
        lines = p.stdout.splitlines()
        own = [line for line in lines if not re.fullmatch(r"(\d+) says (x*)\.", line)]
        for line in set(lines).difference(own):
            who, text = re.fullmatch(r"(\d+) says (x*)\.", line).groups()
            p.check_equal("length of a line", int(who), len(text))
        # The order of the main thread's lines, and that of each thread's.
        main = [line for line in own if not re.fullmatch(r"(begin|end) \d+", line)]
        want = ["ready"] + ["main %d %s." % (k, "x" * self.width) for k in range(self.lines)]
        want += ["main ends", "atexit"]
        if self.kind == "SIGTERM":
            want.pop()
        if self.kind != "script" and self.soon:
            # Cut short anywhere, but in the middle of a line.
            said = main[:-1] if main[-1] == "atexit" else main
            want = want[: len(said)] + (["atexit"] if self.kind == "SIGINT" else [])
        p.check_equal("the main thread's lines", want, main)
        if self.kind == "SIGTERM":
            return
        begun = [line for line in own if line.startswith("begin ")]
        ended = [line for line in own if line.startswith("end ")]
        want = ["begin %d" % i for i, (_, daemon) in enumerate(self.plan) if not daemon]
        if not (self.kind == "SIGINT" and self.soon):
            p.check_equal("threads that have begun", sorted(want), sorted(begun))
        p.check_equal(
            "threads that have ended", sorted("end" + line[5:] for line in begun), sorted(ended)
        )
        # Nothing but daemons comes after sys.atexit's function.
        p.check_equal("last line", "atexit", own[-1])


@stress
def test_exit(t):
    t.hogs(2)
    for _ in t.repeats(20):
        program = Exit(t)
        program.run()
        t.counts[program.kind] += 1
        t.counts["threads"] += len(program.plan)
