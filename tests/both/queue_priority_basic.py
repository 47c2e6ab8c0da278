# PriorityQueue: lowest first; ties by whatever comes next in the tuple.
import queue

q = queue.PriorityQueue()
for item in (5, 1, 4, 1, 3, 2.5, -1):
    q.put(item)
print([q.get() for _ in range(q.qsize())])

for item in ((2, "b"), (1, "z"), (2, "a"), (1, "a"), (0, "m")):
    q.put(item)
print([q.get_nowait() for _ in range(q.qsize())])

# New items come in between.
q.put(3)
q.put(1)
print(q.get())
q.put(2)
q.put(0)
print(q.get(), q.get(), q.get(), q.empty())

numbers = [(i * 7919) % 997 for i in range(997)]
for n in numbers:
    q.put(n)
print([q.get() for _ in numbers] == sorted(numbers))

q = queue.PriorityQueue(maxsize=1)
q.put("x")
print(q.full(), q.maxsize, type(q).__name__, isinstance(q, queue.Queue))
try:
    q.put_nowait("a")
except queue.Full:
    print("Full", q.get())
