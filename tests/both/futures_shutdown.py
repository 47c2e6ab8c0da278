# shutdown(): what waits is run first, later calls are refused; again and again it may be called.
import threading
from concurrent.futures import ThreadPoolExecutor

before = threading.active_count()
go = threading.Event()
started = threading.Event()
ran = []


def block():
    started.set()
    go.wait()


pool = ThreadPoolExecutor(1)
pool.submit(block)
started.wait()
last = pool.submit(ran.append, 1)
print(pool.shutdown(wait=False), last.done())
for _ in range(2):
    try:
        pool.submit(print, "no")
    except RuntimeError as e:
        print(type(e).__name__, e)
try:
    list(pool.map(str, [1]))
except RuntimeError as e:
    print(type(e).__name__, e)
go.set()
print(pool.shutdown(), last.done(), ran, threading.active_count() - before)
print(pool.shutdown(cancel_futures=True), last.cancelled())

# Without a thread, and with idle ones.
ThreadPoolExecutor().shutdown()
pool = ThreadPoolExecutor(3)
barrier = threading.Barrier(3)
print(len([i for i in pool.map(lambda _: barrier.wait(30), range(3))]))
print(threading.active_count() - before)
pool.shutdown()
print(threading.active_count() - before)

# An exception in the with block waits for the calls as well.
try:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ran.append, 2)
        raise ValueError("body")
except ValueError as e:
    print(type(e).__name__, e, ran)
