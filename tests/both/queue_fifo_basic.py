# Queue: first in, first out; sizes; the non-blocking forms.
import queue

q = queue.Queue()
print(q.qsize(), q.empty(), q.full(), q.maxsize)
for item in (1, "two", None, (3,), [4]):
    print(q.put(item), q.qsize(), q.empty(), q.full())
print(q.get(), q.get(True), q.get(False), q.get(block=True), q.get_nowait())
print(q.qsize(), q.empty())

q = queue.Queue(maxsize=2)
print(q.put_nowait(1), q.full(), q.put(2, False), q.full(), q.qsize())
for f in (
    lambda: q.put_nowait(3),
    lambda: q.put(3, False),
    lambda: q.put(3, block=0),
    lambda: q.put(item=3, block=False, timeout=None),
    lambda: q.put(3, True, 0),
    lambda: q.put(3, timeout=0.01),
):
    try:
        f()
    except queue.Full as e:
        print(type(e).__name__, str(e) == "", q.qsize())
print(q.get(), q.get(timeout=0), q.empty())
for f in (
    q.get_nowait,
    lambda: q.get(False),
    lambda: q.get(block=0),
    lambda: q.get(block=False, timeout=None),
    lambda: q.get(True, 0),
    lambda: q.get(timeout=0.01),
):
    try:
        f()
    except queue.Empty as e:
        print(type(e).__name__, str(e) == "", q.qsize())

# The items themselves come out, and the order holds over many of them.
item = object()
q.put(item)
print(q.get() is item)
q = queue.Queue()
for i in range(500):
    q.put(i)
    if i % 3 == 0:
        q.put(q.get())
items = [q.get() for _ in range(500)]
print(sorted(items) == list(range(500)), q.empty())
q = queue.Queue(7)
out = []
for i in range(500):
    if q.full():
        out.append(q.get())
    q.put(i)
print(out == list(range(493)), [q.get() for _ in range(7)])
