# SimpleQueue: put, get, the ignored arguments of put, sizes.
import queue

q = queue.SimpleQueue()
print(q.empty(), q.qsize())
print(q.put(1), q.put_nowait(2), q.put(3, False), q.put(4, True, -5), q.put(5, 0, "ignored"))
print(q.put(item=6, block=True, timeout=None), q.put_nowait(item=7))
print(q.empty(), q.qsize())
print(q.get(), q.get(True), q.get(False), q.get(True, 0), q.get(True, None), q.get_nowait())
print(q.get(block=True, timeout=1), q.empty(), q.qsize())
for f in (
    q.get_nowait,
    lambda: q.get(False),
    lambda: q.get(block=False),
    lambda: q.get(0),
    lambda: q.get(False, -1),
    lambda: q.get(block=False, timeout=-1),
    lambda: q.get(False, "ignored"),
    lambda: q.get(True, 0),
    lambda: q.get(timeout=0.01),
):
    try:
        f()
    except queue.Empty as e:
        print(type(e).__name__, str(e) == "")
for i in range(1000):
    q.put(i)
    if i % 4 == 0:
        q.get()
print(q.qsize(), q.get())
item = [None]
q = queue.SimpleQueue()
q.put(item)
q.put(None)
print(q.get() is item, q.get(), isinstance(q, queue.Queue), type(q).__name__)
