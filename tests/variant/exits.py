"""The end of the program: threads are joined or left, nothing is cut off, the status is right."""

import re
import signal
import time

from variant.harness import Failure

# How a script can end: what it says, its exit status, what standard error must hold.
ENDS = [
    ("pass", 0, ""),
    ("sys.exit()", 0, ""),
    ("sys.exit(3)", 3, ""),
    ("raise SystemExit(4)", 4, ""),
    ("raise ValueError('end')", 1, re.compile(r"^Traceback.*\nValueError: end\n$", re.S)),
    ("sys.atexit(lambda: print('atexit'))", 0, ""),
]

JOINED = """
import sys, threading, time
def work(i):
    for k in range(20):
        print("thread", i, "line", k, "x" * 50)
        time.sleep(0.001)
for i in range(5):
    threading.Thread(target=work, args=(i,)).start()
print("main ends")
%s
"""

JOINED_LINES = ["main ends"] + [
    "thread %d line %d %s" % (i, k, "x" * 50) for i in range(5) for k in range(20)
]


def check_joined(t, end, status, stderr, **how):
    p = t.run(JOINED % end, status, None, stderr, **how)
    want = JOINED_LINES + (["atexit"] if "atexit" in end else [])
    got = p.stdout.splitlines()
    p.check_equal("lines", sorted(want), sorted(got))
    if "atexit" in end:
        p.check_equal("last line", "atexit", got[-1])
    for i in range(5):
        mine = [line for line in got if line.startswith("thread %d " % i)]
        want = [line for line in JOINED_LINES if line.startswith("thread %d " % i)]
        p.check_equal("lines of thread %d" % i, want, mine)


def test_threads_are_joined(t):
    for end in ENDS:
        check_joined(t, *end)


def test_threads_are_joined_module(t):
    for number, end in enumerate(ENDS):
        check_joined(t, *end, module="module%d" % number)


# The traceback is there before the threads are joined, as in CPython.
def test_traceback_before_join(t):
    for module in (None, "module"):
        p = t.start(
            """
            import sys, threading, time
            def work():
                time.sleep(0.2)
                sys.stderr.write("joined\\n")
            threading.Thread(target=work).start()
            raise ValueError("end")
            """,
            module=module,
        )
        p.finish(1, "", re.compile(r"^Traceback.*\nValueError: end\njoined\n$", re.S))


def test_threads_started_by_threads_are_joined(t):
    t.run(
        """
        import threading, time
        def work(n):
            time.sleep(0.005)
            if n:
                threading.Thread(target=work, args=(n - 1,)).start()
            else:
                print("last")
        threading.Thread(target=work, args=(10,)).start()
        """,
        stdout="last\n",
    )


# What a thread may be in the middle of when the process ends. Each says so before.
BUSY = {
    "sleeps": "while True: time.sleep(0.0001)",
    "event_timeouts": "e = threading.Event()\n    while True: e.wait(0.0001)",
    "compute": "while True: pass",
    "allocate": "while True: x = [[] for _ in range(100)]",
    "collect": "while True: gc.collect()",
    "print": "while True: print('daemon', 'x' * 100)",
    "write": "while True: sys.stdout.write('daemon ' + 'x' * 100 + '\\n')",
    "raise": "while True:\n        try: 1 // 0\n        except ZeroDivisionError: pass",
    "start": "while True:\n        t = threading.Thread(target=gc.mem_free); t.start(); t.join()",
    "ping_pong": "q = queue.Queue()\n    while True: q.put(1); q.get()",
    "files": "while True: open(sys.argv[0])",
}

BLOCKED = {
    "get": "queue.Queue().get()",
    "get_timeout": "queue.Queue().get(timeout=1000)",
    "simple_get": "queue.SimpleQueue().get()",
    "put": "q = queue.Queue(1); q.put(1); q.put(1)",
    "queue_join": "q = queue.Queue(); q.put(1); q.join()",
    "lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "lock_timeout": "lock = threading.Lock(); lock.acquire(); lock.acquire(True, 1000)",
    "condition": "c = threading.Condition(); c.acquire(); c.wait()",
    "semaphore": "threading.Semaphore(0).acquire()",
    "event": "threading.Event().wait()",
    "barrier": "threading.Barrier(2).wait()",
    "join": "threading.main_thread().join()",
    "sleep": "time.sleep(1000)",
    "stdin": "sys.stdin.readline()",
}

STATES = dict(BLOCKED, **BUSY)

DAEMONS = """
import gc, queue, sys, threading, time
started = threading.Semaphore(0)
%s
for target in (%s,):
    threading.Thread(target=target, daemon=True).start()
for _ in range(%d):
    started.acquire()
time.sleep(%g)
print("main ends")
%s
"""


def daemons(states, pause, end):
    bodies = [
        "def state%d():\n    started.release()\n    %s\n" % (i, STATES[name])
        for i, name in enumerate(states)
    ]
    targets = ", ".join("state%d" % i for i in range(len(states)))
    return DAEMONS % ("\n".join(bodies), targets, len(states), pause, end)


def check_daemons(t, states, pause, end, status, stderr):
    p = t.run(daemons(states, pause, end), status, None, stderr)
    lines = p.stdout.splitlines()
    own = [line for line in lines if line != "daemon " + "x" * 100]
    # The process may end in the middle of a daemon's write to a pipe that is nearly full.
    if own and own[-1] and ("daemon " + "x" * 100).startswith(own[-1]) and own[-1] == lines[-1]:
        own.pop()
    p.check_equal("lines", ["main ends"] + (["atexit"] if "atexit" in end else []), own)


def test_daemons(t):
    for state in STATES:
        for end in (ENDS[0], ENDS[2], ENDS[4]):
            check_daemons(t, [state] * 3, 0.001, *end)


def test_daemons_of_all_kinds(t):
    for _ in t.repeats(3):
        check_daemons(t, list(STATES) + list(BLOCKED) * 15, 0.01, *t.random.choice(ENDS))


# Non-daemon threads are joined while daemon threads go on.
def test_daemons_beside_threads(t):
    for _ in t.repeats(2):
        script = daemons(["compute", "collect", "get"], 0, JOINED % "sys.exit(3)")
        p = t.run(script, 3)
        p.check_equal("lines", sorted(["main ends"] + JOINED_LINES), sorted(p.stdout.splitlines()))


def test_atexit_runs_after_join(t):
    t.run(
        """
        import sys, threading, time
        def work():
            time.sleep(0.05)
            print("worker", threading.main_thread().is_alive())
        sys.atexit(lambda: print("atexit", threading.active_count()))
        threading.Thread(target=work).start()
        print("main ends")
        sys.exit(3)
        """,
        status=3,
        stdout="main ends\nworker False\natexit 1\n",
    )


ATEXIT_RAISES = """
import sys, threading
def fail():
    print("atexit")
    raise ValueError("in atexit")
sys.atexit(fail)
threading.Thread(target=threading.Event().wait, daemon=True).start()
%s
"""


def test_atexit_raises(t):
    error = re.compile(r"^Traceback.*\nValueError: in atexit\n$", re.S)
    for end, status in (("pass", 0), ("sys.exit(3)", 3)):
        for module in (None, "module"):
            t.run(ATEXIT_RAISES % end, status, "atexit\n", error, module=module)


# It may use threads itself.
def test_atexit_starts_thread(t):
    t.run(
        """
        import queue, sys, threading
        q = queue.Queue()
        def last():
            thread = threading.Thread(target=lambda: q.put("from a thread"))
            thread.start()
            print(q.get(timeout=10))
            thread.join()
        sys.atexit(last)
        """,
        stdout="from a thread\n",
    )


def test_ends(t):
    for module in (None, "module"):
        for end, status, stderr in ENDS:
            stdout = "atexit\n" if "atexit" in end else ""
            t.run("import sys, threading\n" + end, status, stdout, stderr, module=module)


def test_sigterm(t):
    for _ in t.repeats(3):
        p = t.start(daemons(list(STATES) + list(BLOCKED) * 15, 0, "threading.Event().wait()"))
        while p.next_line()[1] != "main ends":
            pass
        p.signal(signal.SIGTERM)
        p.finish(-signal.SIGTERM)


# Ctrl-C while non-daemon threads are joined at the end: the program does end.
def test_interrupted_join(t):
    p = t.start("""
        import threading
        threading.Thread(target=threading.Event().wait).start()
        print("main ends")
    """)
    p.line("main ends")
    p.wait_blocked()
    sent = p.signal(signal.SIGINT)
    status = p.popen.wait(t.deadline - time.monotonic())
    # As CPython: the waiting ends with a word on standard error, the status is the script's.
    if status != 0:
        raise Failure("exit status: expected 0, got %d" % status, p)
    if time.monotonic() - sent > 5 * t.slow:
        raise Failure("expected the end at once", p)
