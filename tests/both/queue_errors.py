# Arguments that are refused, with CPython's texts.
import queue


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    print(kind.__name__)
    error_type(kind, 1, 2)
    error_type(kind, size=1)

    q = kind(1)
    # A negative timeout is refused even where nothing would have to wait.
    error(q.get, True, -1)
    error(q.get, timeout=-0.001)
    error(q.get, 1, timeout=-1)
    error(q.put, 5, True, -1)
    error(q.put, 5, timeout=-0.001)
    print(q.qsize(), q.put(5))
    error(q.get, True, -1)
    error(q.put, 5, True, -1)
    # Without blocking it is ignored.
    error(q.put, 5, False, -1)
    print(q.get(False, -1))
    error(q.get, False, -1)
    error(q.get, block=False, timeout="nonsense")
    print(q.put(5, False, "nonsense"), q.get())
    # put() of an unbounded queue never looks at it.
    print(kind().put(5, True, -1), kind().put(5, True, "nonsense"))

    error_type(q.get, timeout="1")
    error_type(q.get, timeout=1e100)
    error_type(q.get, timeout=float("inf"))
    q.put(5)
    error_type(q.put, 6, timeout="1")
    error_type(q.put, 6, timeout=1e100)
    error_type(q.put)
    error_type(q.get, True, None, 1)
    error_type(q.put, 1, True, None, 1)
    error_type(q.put_nowait)
    error_type(q.put_nowait, 1, False)
    error_type(q.get_nowait, False)
    error_type(q.qsize, 1)
    print(q.qsize(), q.mutex.locked(), q.get())
