# LifoQueue: last in, first out.
import queue

q = queue.LifoQueue()
for i in range(5):
    q.put(i)
print(q.qsize(), [q.get() for _ in range(3)])
q.put("new")
print([q.get_nowait() for _ in range(3)], q.empty())
try:
    q.get_nowait()
except queue.Empty:
    print("Empty")

q = queue.LifoQueue(2)
q.put(1)
q.put(2)
print(q.full(), q.maxsize)
try:
    q.put(3, timeout=0.01)
except queue.Full:
    print("Full", q.get(), q.get())
print(type(q).__name__, isinstance(q, queue.Queue))
