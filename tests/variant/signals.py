"""Signals that find a program with threads: whoever gets them, they do what they should."""

import re
import signal
import threading
import time

from variant.harness import INTERRUPTED, least_late

LATENESS = 0.05

# Sent to the process at this rate while it does timed waits.
STREAM_PAUSE = 0.001


def interrupt(t, script, expected, tid_of=None, settle=None):
    """The script prints `ready`; a signal to the process or a thread of it interrupts main."""

    def attempt():
        p = t.start(script)
        p.line("ready")
        if settle:
            settle(p)
        if tid_of:
            sent = time.monotonic()
            p.signal_thread(tid_of(p), signal.SIGINT)
        else:
            sent = p.signal(signal.SIGINT)
        late = p.line("interrupted") - sent
        p.finish(0, "ready\ninterrupted\n" + expected)
        return late

    least_late(t, LATENESS, attempt, "KeyboardInterrupt")


WORKERS = """
import threading, time
done = []
stop = False
def work(i):
    n = 0
    while not stop:
        n += 1
        %s
    done.append(i)
threads = [threading.Thread(target=work, args=(i,), name="worker%%d" %% i) for i in range(4)]
for thread in threads:
    thread.start()
try:
    print("ready")
    %s
except KeyboardInterrupt:
    print("interrupted")
stop = True
for thread in threads:
    thread.join(20)
print(sorted(done))
"""

BLOCK = "threading.Event().wait()"
SPIN = "while True: pass"
ALL_DONE = "[0, 1, 2, 3]\n"


def test_workers_compute(t):
    interrupt(t, WORKERS % ("pass", BLOCK), ALL_DONE)


def test_workers_compute_main_computes(t):
    interrupt(t, WORKERS % ("pass", SPIN), ALL_DONE)


def test_workers_sleep(t):
    interrupt(t, WORKERS % ("time.sleep(0.01)", BLOCK), ALL_DONE)


def test_workers_sleep_main_computes(t):
    interrupt(t, WORKERS % ("time.sleep(0.01)", SPIN), ALL_DONE)


def test_workers_allocate(t):
    interrupt(t, WORKERS % ("x = [str(i) for i in range(100)]", BLOCK), ALL_DONE)


def test_workers_collect(t):
    interrupt(t, WORKERS % ("import gc; gc.collect()", BLOCK), ALL_DONE)


def worker(p):
    return p.thread_named("worker2")


# The kernel may hand Ctrl-C to any thread: it is the main one that is interrupted.
def test_to_computing_worker(t):
    interrupt(t, WORKERS % ("pass", BLOCK), ALL_DONE, worker)


def test_to_computing_worker_main_computes(t):
    interrupt(t, WORKERS % ("pass", SPIN), ALL_DONE, worker)


def test_to_sleeping_worker(t):
    interrupt(t, WORKERS % ("time.sleep(0.01)", BLOCK), ALL_DONE, worker)


# In a system call other than our own waits, the main thread learns of it when the call is over, as
# in CPython. (The kernel gives Ctrl-C to a worker only if the main thread cannot take it.)
def test_to_sleeping_worker_main_sleeps(t):
    body = "for _ in range(3000): time.sleep(0.01)"
    interrupt(t, WORKERS % ("time.sleep(0.01)", body), ALL_DONE, worker)


BLOCKED_WORKER = """
import threading, queue, time
q = queue.Queue()
got = []
thread = threading.Thread(target=lambda: got.append(q.get()), name="blocked")
thread.start()
try:
    print("ready")
    %s
except KeyboardInterrupt:
    print("interrupted")
print(thread.is_alive())
q.put("item")
thread.join(20)
print(got)
"""

STILL_THERE = "True\n['item']\n"


def blocked_worker(p):
    tid = p.thread_named("blocked")
    p.wait_blocked(tid)
    return tid


def test_to_blocked_worker(t):
    interrupt(
        t, BLOCKED_WORKER % BLOCK, STILL_THERE, blocked_worker, lambda p: p.wait_blocked()
    )


def test_to_blocked_worker_main_computes(t):
    interrupt(t, BLOCKED_WORKER % SPIN, STILL_THERE, blocked_worker)


# Ctrl-C twice: the second ends what the handler of the first one does.
def test_second_while_handled(t):
    p = t.start("""
        import threading
        try:
            print("ready")
            threading.Event().wait()
        except KeyboardInterrupt:
            try:
                print("interrupted")
                threading.Event().wait()
            except KeyboardInterrupt:
                print("interrupted again")
    """)
    for line in ("ready", "interrupted"):
        p.line(line)
        p.wait_blocked()
        p.signal(signal.SIGINT)
    p.line("interrupted again")
    p.finish()


# A second one while the first cannot be handled yet, for another thread is in a long call of C.
# The program is told, once or twice; it does not end in silence.
def test_second_while_pending(t):
    p = t.start("""
        import threading, time
        stop = False
        def work():
            while not stop:
                sum(range(500000))
        thread = threading.Thread(target=work)
        thread.start()
        try:
            try:
                print("ready")
                threading.Event().wait()
            except KeyboardInterrupt:
                time.sleep(0.1)
            stop = True
        except KeyboardInterrupt:
            stop = True
        print("interrupted")
    """)
    p.line("ready")
    p.wait_blocked()
    for _ in range(5):
        p.signal(signal.SIGINT)
        time.sleep(0.002)
    p.line("interrupted")
    p.finish()


# A program that does not catch it ends like any uncaught exception: threads are joined first.
def test_uncaught(t):
    p = t.start("""
        import threading, time
        def work():
            time.sleep(0.1)
            print("worker done")
        threading.Thread(target=work).start()
        print("ready")
        threading.Event().wait()
    """)
    p.line("ready")
    p.signal(signal.SIGINT)
    p.line("worker done")
    p.finish(INTERRUPTED, None, re.compile(r"^Traceback.*\nKeyboardInterrupt: ?\n$", re.S))


# The waits of all kinds, each of 150 ms, in three rounds, in the main thread and another.
TIMED_WAITS = """
import queue, threading, time
DELAY = 0.15
lock = threading.Lock()
lock.acquire()
condition = threading.Condition()
semaphore = threading.Semaphore(0)
event = threading.Event()
full = queue.Queue(1)
full.put(0)
simple = queue.SimpleQueue()
sleeper = threading.Thread(target=event.wait)
sleeper.start()

def wait_condition():
    with condition:
        condition.wait(DELAY)

def wait_for():
    with condition:
        condition.wait_for(lambda: False, DELAY)

def expect(error, call, *args):
    try:
        call(*args)
    except error:
        return
    print("no", error)

def barrier():
    expect(threading.BrokenBarrierError, threading.Barrier(2).wait, DELAY)

waits = [
    ("Lock", lambda: lock.acquire(True, DELAY)),
    ("Condition.wait", wait_condition),
    ("Condition.wait_for", wait_for),
    ("Semaphore", lambda: semaphore.acquire(True, DELAY)),
    ("Event", lambda: event.wait(DELAY)),
    ("Barrier", barrier),
    ("Thread.join", lambda: sleeper.join(DELAY)),
    ("Queue.get", lambda: expect(queue.Empty, queue.Queue().get, True, DELAY)),
    ("Queue.put", lambda: expect(queue.Full, full.put, 1, True, DELAY)),
    ("SimpleQueue.get", lambda: expect(queue.Empty, simple.get, True, DELAY)),
    ("sleep", lambda: time.sleep(DELAY)),
]

def measure(name, wait):
    start = time.time()
    wait()
    print(name, time.time() - start - DELAY)

# Items go through while the waits are on: none is lost.
items = queue.Queue(2)
total = []
def produce():
    for i in range(300):
        items.put(i)
        time.sleep(0.0005)
    items.put(None)
def consume():
    while True:
        item = items.get()
        if item is None:
            return
        total.append(item)
"""

TIMED_WAITS_MAIN = """
print("ready")
threads = [threading.Thread(target=measure, args=pair) for pair in waits]
threads += [threading.Thread(target=produce), threading.Thread(target=consume)]
for thread in threads:
    thread.start()
for pair in waits[::3]:
    measure(*pair)
for thread in threads:
    thread.join()
event.set()
print("total", sum(total))
"""

# 11 in threads, 4 in the main thread.
N_WAITS = 15

# time.time() is a wall clock read in microseconds: a wait may look shorter by its rounding.
EARLY = 0.001
LATE = 0.05


def timed_waits_under(t, disturb, script=TIMED_WAITS + TIMED_WAITS_MAIN):
    """Runs the timed waits while disturb(p) is called at a high rate."""

    def attempt():
        p = t.start(script)
        stop = threading.Event()

        def stream():
            while not stop.wait(STREAM_PAUSE):
                try:
                    disturb(p)
                except ProcessLookupError:
                    return

        p.line("ready")
        sender = threading.Thread(target=stream, daemon=True)
        sender.start()
        latest = 0
        for _ in range(N_WAITS):
            name, late = p.match(r"(\S+) (-?[0-9.e-]+)").groups()
            if float(late) < -EARLY:
                p.fail("%s: expected to wait 0.15 s, ended %s s before" % (name, late[1:]))
            latest = max(latest, float(late))
        p.line("total %d" % sum(range(300)))
        stop.set()
        sender.join()
        p.finish()
        return latest

    least_late(t, LATE, attempt, "timed waits")


def test_timed_waits(t):
    timed_waits_under(t, lambda p: None)


def test_timed_waits_sigwinch(t):
    timed_waits_under(t, lambda p: p.signal(signal.SIGWINCH))


def test_timed_waits_sigchld_sigcont(t):
    def disturb(p):
        p.signal(signal.SIGCHLD)
        p.signal(signal.SIGCONT)

    timed_waits_under(t, disturb)


# The one that interrupts system calls though nobody handles it.
def test_timed_waits_stopped(t):
    def disturb(p):
        p.signal(signal.SIGSTOP)
        p.signal(signal.SIGCONT)

    timed_waits_under(t, disturb)


def test_timed_waits_collector(t):
    collector = """
import gc
collecting = True
def collect():
    while collecting:
        gc.collect()
        time.sleep(0.005)
for _ in range(3):
    threading.Thread(target=collect).start()
"""
    script = TIMED_WAITS + collector + TIMED_WAITS_MAIN + "collecting = False\n"
    timed_waits_under(t, lambda p: None, script)


# Ctrl-C, which has a handler, interrupts the system calls of a thread that it is not meant for.
def test_timed_waits_sigint_to_worker(t):
    script = TIMED_WAITS + """
go_on = True
def worker():
    for pair in waits:
        measure(*pair)
thread = threading.Thread(target=worker, name="worker")
thread.start()
interrupts, told = 0, -1
while thread.is_alive():
    try:
        if told < interrupts:
            told += 1
            print("joins")
        thread.join()
    except KeyboardInterrupt:
        interrupts += 1
event.set()
"""

    def attempt():
        p = t.start(script)
        tid = p.thread_named("worker")
        latest, waits, interrupts = 0, 0, 0
        while waits < 11:
            # The next only when the main thread is through with the last; none at the very end.
            while waits < 11:
                _, text = p.next_line()
                if text == "joins":
                    break
                name, late = text.rsplit(" ", 1)
                waits += 1
                if float(late) < -EARLY:
                    p.fail("%s: expected to wait 0.15 s, ended %s s before" % (name, late))
                latest = max(latest, float(late))
            time.sleep(STREAM_PAUSE)
            if waits < 10:
                p.signal_thread(tid, signal.SIGINT)
                interrupts += 1
        p.finish()
        if interrupts < 50:
            p.fail("expected 50 interruptions or more, there were %d" % interrupts)
        return latest

    least_late(t, LATE, attempt, "timed waits")
