"""Clocks that do what clocks do: steps of the wall clock, a monotonic clock past the numbers of 32
bits, a kernel without the newer call, a program that is not there when its time comes.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from variant.harness import Failure, Skip

TIMEOUT = 0.2

# Every wait with a timeout, one after the other; a line each, and one before.
WAITS = """
import queue, threading, time
TIMEOUT = %g

def held(lock):
    threading.Thread(target=lock.acquire).start()
    return lock

def empty(get):
    try:
        get(timeout=TIMEOUT)
    except (queue.Empty, queue.Full):
        pass

def broken():
    try:
        threading.Barrier(2).wait(TIMEOUT)
    except threading.BrokenBarrierError:
        pass

def condition(method, *args):
    c = threading.Condition()
    with c:
        getattr(c, method)(*args)

full = queue.Queue(1)
full.put(0)
over = threading.Event()
waiting = threading.Thread(target=over.wait)
waiting.start()
timer = threading.Timer(TIMEOUT, time.time)
waits = (
    lambda: held(threading.Lock()).acquire(timeout=TIMEOUT),
    lambda: held(threading.RLock()).acquire(timeout=TIMEOUT),
    lambda: threading.Semaphore(0).acquire(timeout=TIMEOUT),
    lambda: threading.Event().wait(TIMEOUT),
    lambda: condition("wait", TIMEOUT),
    lambda: condition("wait_for", lambda: False, TIMEOUT),
    broken,
    lambda: empty(queue.Queue().get),
    lambda: empty(lambda timeout: full.put(1, timeout=timeout)),
    lambda: empty(queue.PriorityQueue().get),
    lambda: empty(queue.SimpleQueue().get),
    lambda: waiting.join(TIMEOUT),
    lambda: (timer.start(), timer.join()),
    lambda: time.sleep(TIMEOUT),
)
print(len(waits))
for wait in waits:
    wait()
    print("over")

# For ever, in practice: what ends it is the other thread.
longest = threading.Event()
threading.Timer(TIMEOUT, longest.set).start()
print(longest.wait(threading.TIMEOUT_MAX))
lock = held(threading.Lock())
threading.Timer(TIMEOUT, lock.release).start()
print(lock.acquire(timeout=threading.TIMEOUT_MAX))
over.set()
""" % TIMEOUT
N_WAITS = 14


def check_waits(t, **how):
    """Each wait takes its time, by a clock outside."""
    p = t.start(WAITS, **how)
    before = p.line(str(N_WAITS))
    for what in N_WAITS * ["over"] + 2 * ["True"]:
        after = p.line(what)
        # The lower bound is less what the line before took to arrive.
        if not TIMEOUT / 2 < after - before < 5 * t.slow:
            p.fail("expected a wait of %g s, it took %.3f s" % (TIMEOUT, after - before))
        before = after
    p.finish()


# The wall clock goes an hour on, or back, each time that somebody reads it.
def test_steps(t):
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found or t.emulated or t.musl or bits(t) != 64:
        raise Skip("libfaketime is not there, or not for this build")
    for step in ("i3600", "i-3600"):
        env = {"LD_PRELOAD": str(found[0]), "DONT_FAKE_MONOTONIC": "1", "FAKETIME": "+0 " + step}
        script = "import time; before = time.time(); print(abs(time.time() - before) > 3000)"
        t.run(script, stdout="True\n", env=env)
        check_waits(t, env=env)


def bits(t):
    """Of the interpreter's pointers."""
    script = "import sys; print(sys.maxsize > 2**40)"
    out = subprocess.run([*t.command, "-c", script], stdout=subprocess.PIPE, check=True).stdout
    return 64 if b"True" in out else 32


# A command that runs another one so many seconds after the boot, as that one sees it. Less than 2^63 ns / 2.
def at_monotonic(seconds):
    unshare = shutil.which("unshare")
    offset = int(seconds - time.monotonic())
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    wrap = [str(unshare), *user, "--time", "--fork", "--monotonic", str(offset)]
    if not unshare or subprocess.run([*wrap, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("this system has no time namespaces, or none for this user")
    return wrap


# Past what 32 bits hold, signed and unsigned, as the wall clock will be in 2038 and 2106.
def test_past_32_bits(t):
    check_waits(t, wrap=at_monotonic(3.0e9))
    check_waits(t, wrap=at_monotonic(4.5e9))


# In the midst of the waits, wherever that is: they take about 3 s.
def test_end_of_32_bits(t):
    check_waits(t, wrap=at_monotonic(2**31 - 1))


# A 32-bit kernel before 5.1 has only the call whose seconds end in 2038.
def test_no_futex_time64(t):
    if t.emulated or bits(t) != 32:
        raise Skip("only a 32-bit system has two calls, and strace does not see an emulator's")
    if not shutil.which("strace"):
        raise Skip("strace is not there")
    wrap = ["strace", "-f", "-o", "trace", "-e", "trace=futex_time64,futex"]
    check_waits(t, wrap=[*wrap, "-e", "inject=futex_time64:error=ENOSYS"])
    trace = (t.folder / "trace").read_text()
    if "futex(" not in trace or "ENOSYS" not in trace:
        raise Failure("the old call was not made:\n" + trace[:1000])


# The wall clock's seconds, as files have them.
def test_file_of_2040(t):
    path = t.folder / "file"
    path.touch()
    os.utime(path, (2209032000, 2209032000))
    t.run("import os; print(os.stat('file')[8])", stdout="2209032000\n")


# As by a suspend to which the clock pays no attention: what was due meanwhile is over at once.
def test_stopped_past_deadline(t):
    p = t.start("""
        import threading, time
        def wait(timeout):
            threading.Event().wait(timeout)
            print("over")
        threads = [threading.Thread(target=wait, args=(0.6 + 0.1 * i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        print("ready")
        for thread in threads:
            thread.join()
        time.sleep(0.3)
        print("slept")
    """)
    ready = p.line("ready")
    p.signal(signal.SIGSTOP)
    p.wait_for("the time of all", lambda: time.monotonic() > ready + 1.5)
    p.signal(signal.SIGCONT)
    went_on = time.monotonic()
    for _ in range(3):
        over = p.line("over")
    # A wait that began anew would take 0.6 s more.
    if over - went_on > 0.4 * t.slow:
        p.fail("expected waits to be over, they took %.3f s more" % (over - went_on))
    if not 0.25 < p.line("slept") - over < 5 * t.slow:
        p.fail("expected a sleep of 0.3 s")
    p.finish()
