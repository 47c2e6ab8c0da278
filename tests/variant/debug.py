"""The debug mode: what SIGQUIT prints. Only of a build with DEBUG=1."""

import re
import signal

VARIABLE = {"THREADS_DEBUG": "1"}
END = "End of SIGQUIT.\n"


def dump_of(t, script):
    """Starts the script, and sends SIGQUIT when all that shall wait does: what is printed then.

    Addresses, ids and times are replaced. The script's last thread sets `last` to its native id.
    """
    p = t.start(script, env=VARIABLE)
    p.line("ready")
    for tid in p.tasks():
        p.wait_blocked(tid)
    p.signal(signal.SIGQUIT)
    p.wait_for("the dump", lambda: p.stderr.endswith(END))
    text = re.sub(r"0x[0-9a-f]+", "0x", p.stderr)
    text = re.sub(r" \(\d+\)", "", text)
    text = re.sub(r"\d+\.\d{3} s", "N s", text)
    p.kill()
    lines = text.strip("\n").splitlines()
    p.check_equal("first line", "SIGQUIT: the GIL is free.", lines[0])
    return p, sorted(lines[1:-1])


def check(t, script, *want):
    p, got = dump_of(t, script)
    p.check_equal("dump", sorted(want), got)


def test_waits(t):
    check(
        t,
        """
        import queue, threading, time
        lock, rlock = threading.Lock(), threading.RLock()
        lock.acquire()
        rlock.acquire()
        condition = threading.Condition()
        semaphore = threading.Semaphore(0)
        full = queue.Queue(1)
        full.put(0)
        def wait():
            with condition:
                condition.wait()
        targets = {
            "a": lock.acquire, "b": rlock.acquire, "c": wait, "d": semaphore.acquire,
            "e": threading.Event().wait, "f": threading.Barrier(2).wait,
            "g": queue.Queue().get, "h": lambda: full.put(1), "i": queue.SimpleQueue().get,
            "j": lambda: time.sleep(60), "k": lambda: threading.Event().wait(60),
        }
        for name in sorted(targets):
            threading.Thread(target=targets[name], name=name).start()
        print("ready")
        threading.enumerate()[-1].join()
        """,
        "a waits for N s for Lock at 0x, held by MainThread",
        "b waits for N s for RLock at 0x, held by MainThread",
        "c waits for N s for Condition at 0x",
        "d waits for N s for Semaphore at 0x",
        "e waits for N s for Event at 0x",
        "f waits for N s for Barrier at 0x",
        "g waits for N s for Queue at 0x",
        "h waits for N s for Queue at 0x",
        "i waits for N s for SimpleQueue at 0x",
        "j is outside the GIL for N s",
        "k waits for N s for Event at 0x, N s more at most",
        "MainThread waits for N s for Thread at 0x, which is k",
    )


def test_deadlock(t):
    check(
        t,
        """
        import threading
        a, b = threading.Lock(), threading.RLock()
        both = threading.Barrier(2)
        def work(first, second):
            with first:
                both.wait()
                with second:
                    pass
        threading.Thread(target=work, args=(a, b), name="one").start()
        threading.Thread(target=work, args=(b, a), name="two").start()
        print("ready")
        with a:
            pass
        """,
        "one waits for N s for RLock at 0x, held by two",
        "two waits for N s for Lock at 0x, held by one",
        "MainThread waits for N s for Lock at 0x, held by one",
        "Deadlock: one waits for RLock at 0x, held by two; two waits for Lock at 0x, held by one.",
    )


def test_deadlock_with_itself(t):
    check(
        t,
        """
        import threading
        lock = threading.Lock()
        print("ready")
        with lock:
            lock.acquire()
        """,
        "MainThread waits for N s for Lock at 0x, held by MainThread",
        "Deadlock: MainThread waits for Lock at 0x, held by MainThread.",
    )


def test_deadlock_by_join(t):
    check(
        t,
        """
        import threading
        main = threading.current_thread()
        lock = threading.Lock()
        def work():
            with lock:
                pass
        lock.acquire()
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        print("ready")
        thread.join()
        """,
        "worker waits for N s for Lock at 0x, held by MainThread",
        "MainThread waits for N s for Thread at 0x, which is worker",
        "Deadlock: MainThread waits for Thread at 0x, which is worker; "
        "worker waits for Lock at 0x, held by MainThread.",
    )


# One that gives up in the end is none.
def test_no_deadlock(t):
    check(
        t,
        """
        import threading
        lock = threading.Lock()
        print("ready")
        with lock:
            lock.acquire(timeout=60)
        """,
        "MainThread waits for N s for Lock at 0x, N s more at most, held by MainThread",
    )


def test_low_level_lock(t):
    check(
        t,
        """
        import _thread, threading
        lock = _thread.allocate_lock()
        lock.acquire()
        _thread.start_new_thread(lock.acquire, ())
        print("ready")
        threading.Event().wait()
        """,
        "MainThread waits for N s for Event at 0x",
        "a thread without a Thread waits for N s for a lock of _thread at 0x, held by MainThread",
    )


# The program goes on, and the one that computes is named.
def test_computing(t):
    p = t.start(
        """
        import threading, time
        stop = False
        def compute():
            while not stop:
                pass
        thread = threading.Thread(target=compute)
        thread.start()
        print(thread.native_id)
        event = threading.Event()
        try:
            event.wait()
        except KeyboardInterrupt:
            stop = True
        thread.join()
        print("end")
        """,
        env=VARIABLE,
    )
    tid = p.match(r"(\d+)").group(1)
    p.wait_blocked()
    for n in range(1, 4):
        p.signal(signal.SIGQUIT)
        p.wait_for("the dump", lambda: p.stderr.count(END) == n)
    if "SIGQUIT: thread %s has the GIL.\n" % tid not in p.stderr:
        p.fail("expected the thread that computes to be named")
    p.signal(signal.SIGINT)
    p.line("end")
    p.finish(stderr=re.compile("SIGQUIT"))


def test_many_threads(t):
    p, lines = dump_of(
        t,
        """
        import threading
        event = threading.Event()
        for _ in range(300):
            threading.Thread(target=event.wait).start()
        print("ready")
        event.wait()
        """,
    )
    p.check_equal("lines", 301, len(lines))


# Without the variable it does what it does in any program.
def test_without_variable(t):
    p = t.start(
        """
        import threading
        print("ready")
        threading.Event().wait()
        """
    )
    p.line("ready")
    p.wait_blocked()
    p.signal(signal.SIGQUIT)
    p.finish(status=-signal.SIGQUIT)
