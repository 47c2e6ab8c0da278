# SimpleQueue: arguments that are refused.
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


q = queue.SimpleQueue()
for state in ("empty", "filled"):
    print(state)
    error(q.get, True, -1)
    error(q.get, timeout=-1)
    error(q.get, timeout=-0.001)
    error_type(q.get, timeout=float("nan"))
    error_type(q.get, timeout=1e100)
    error_type(q.get, timeout="1")
    error_type(q.get, True, None, 1)
    error_type(q.get, wait=True)
    error_type(q.put)
    error_type(q.put, 1, True, None, 1)
    error_type(q.put, 1, wait=True)
    error_type(q.put_nowait)
    error_type(q.put_nowait, 1, True)
    error_type(q.get_nowait, True)
    error_type(q.qsize, 1)
    error_type(q.empty, 1)
    print(q.qsize())
    q.put(1)
error_type(queue.SimpleQueue, 1)
error_type(queue.SimpleQueue, maxsize=1)
for name in ("full", "maxsize", "task_done", "join", "shutdown"):
    print(name, hasattr(q, name))
