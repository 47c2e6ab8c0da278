"""concurrent.futures: memory, Ctrl-C, and where ours goes on when CPython's own waits for ever."""

import re
import signal
from pathlib import Path

LIB = {"MICROPYPATH": str(Path(__file__).resolve().parents[2] / "lib")}

# How much may be held after a thousand times: a few objects, not one each time.
GROWTH = """
import gc
import threading
import time
from concurrent.futures import (
    FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor, TimeoutError, as_completed, wait
)

def growth(act, times=1000):
    for _ in range(10):
        act()
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(times):
        act()
    gc.collect()
    grown = gc.mem_alloc() - before
    print("grown" if grown > 4000 else "flat", grown if grown > 4000 else "")
"""


def test_pools_are_freed(t):
    t.run(
        GROWTH
        + """
def pool():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int)
growth(pool, 300)
""",
        stdout="flat \n",
        env=LIB,
    )


# wait() and as_completed() leave nothing behind in a future that goes on.
def test_waiters_are_removed(t):
    t.run(
        GROWTH
        + """
pending = Future()
done = Future()
done.set_result(1)

def first():
    wait([pending, done], return_when=FIRST_COMPLETED)

def timed_out():
    wait([pending, done], timeout=0)

def closed():
    results = as_completed([pending, done])
    next(results)
    results.close()

growth(first)
growth(timed_out)
growth(closed)
""",
        stdout="flat \n" * 3,
        env=LIB,
    )


def test_results_are_freed(t):
    t.run(
        GROWTH
        + """
pool = ThreadPoolExecutor(1)

def big():
    assert len(pool.submit(bytes, 10000).result()) == 10000

growth(big, 100)
pool.shutdown()
""",
        stdout="flat \n",
        env=LIB,
    )


# On CPython, wait() for these futures never returns.
def test_cancelled_by_shutdown(t):
    t.run(
        GROWTH
        + """
go = threading.Event()
started = threading.Event()
pool = ThreadPoolExecutor(1)
pool.submit(lambda: (started.set(), go.wait()))
started.wait()
futures = [pool.submit(int) for _ in range(3)]
futures[1].cancel()
got = []
waiter = threading.Thread(target=lambda: got.append(wait(futures)))
waiter.start()
pool.shutdown(wait=False, cancel_futures=True)
waiter.join()
print(len(got[0].done), len(got[0].not_done), len(list(as_completed(futures))))
go.set()
""",
        stdout="3 0 3\n",
        env=LIB,
    )


# On CPython, the first future that was cancelled keeps the others from being told.
def test_cancelled_in_broken_pool(t):
    t.run(
        GROWTH
        + """
go = threading.Event()
def fail():
    go.wait()
    raise ValueError
pool = ThreadPoolExecutor(1, initializer=fail)
futures = [pool.submit(int) for _ in range(3)]
futures[0].cancel()
go.set()
print(len(wait(futures).done), [f.cancelled() for f in futures])
print([type(f.exception()).__name__ for f in futures[1:]])
pool.shutdown()
""",
        stdout="3 [True, False, False]\n['BrokenThreadPool', 'BrokenThreadPool']\n",
        stderr=re.compile("Exception in initializer:"),
        env=LIB,
    )


def test_interrupted(t):
    p = t.start(
        GROWTH
        + """
f = Future()
calls = (
    f.result,
    f.exception,
    lambda: wait([f]),
    lambda: list(as_completed([f], timeout=100)),
    lambda: pool.shutdown(),
)
pool = ThreadPoolExecutor(1)
work = pool.submit(f.result)
for call in calls:
    print("ready")
    try:
        print("returned", call())
    except KeyboardInterrupt:
        print("interrupted")
f.set_result(5)
print([call() for call in calls[:2]], len(wait([f]).done), work.result(), f._waiters)
""",
        env=LIB,
    )
    for _ in range(5):
        p.line("ready")
        p.wait_blocked()
        p.signal(signal.SIGINT)
        p.line("interrupted")
    p.line("[5, None] 1 5 ()")
    p.finish()
