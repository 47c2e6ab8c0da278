# since 3.14
# A timeout is looked at when there is something to wait for, and not before.
import queue
import threading

inf = float("inf")
nan = float("nan")


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


q = queue.Queue(2)
for timeout in (inf, nan, 1e10):
    error_type(q.put, 1, timeout=timeout)
    error_type(q.get, timeout=timeout)
error_type(q.get, timeout=inf)
s = threading.Semaphore(1)
error_type(s.acquire, timeout=inf)
error_type(s.acquire, timeout=inf)
e = threading.Event()
error_type(e.wait, inf)
error_type(e.wait, nan)
e.set()
error_type(e.wait, inf)
error_type(e.wait, "a")
c = threading.Condition()
error_type(c.wait, "a")
error_type(c.wait_for, lambda: 1, "a")
lock = threading.Lock()
error_type(lock.acquire, timeout=inf)
error_type(lock.acquire, timeout=nan)
print(lock.locked())
