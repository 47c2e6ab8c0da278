# A comparison that raises in the middle of a put or get: what is left comes out as from CPython's heap.
import queue

left = 0  # comparisons until the next one raises; 0: none does


class Item:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        global left
        if left:
            left -= 1
            if left == 0:
                raise ValueError("cannot be compared")
        return self.value < other.value


def drained(q):
    return [q.get_nowait().value for _ in range(q.qsize())]


def filled():
    q = queue.PriorityQueue()
    for value in (50, 30, 40, 10, 60, 20, 70, 35, 25, 45):
        q.put(Item(value))
    return q


for fail_at in (1, 2, 3, 4, 5):
    q = filled()
    left = fail_at
    try:
        q.put(Item(5))
        print("put")
    except ValueError as e:
        print("put:", e)
    left = 0
    print(fail_at, q.qsize(), q.unfinished_tasks, q.mutex.locked(), sorted(i.value for i in q.queue))
    # Later puts and gets work on what is there.
    q.put(Item(1))
    print(q.get().value, len(drained(q)), q.empty())

for fail_at in (1, 2, 3, 4, 5, 6):
    q = filled()
    left = fail_at
    try:
        print("got", q.get().value)
    except ValueError as e:
        print("get:", e)
    left = 0
    print(fail_at, q.qsize(), q.mutex.locked())
    q.put(Item(1))
    print(q.get().value, len(drained(q)), q.empty())


# The documentation's pattern for data that cannot be compared.
class Prioritized:
    def __init__(self, priority, item):
        self.priority = priority
        self.item = item

    def __lt__(self, other):
        return self.priority < other.priority


q = queue.PriorityQueue()
for priority, item in ((2, {}), (1, print), (2, object), (1, None), (0, {"a": 1})):
    q.put(Prioritized(priority, item))
print([q.get().priority for _ in range(5)])

# Ties: whatever order heapq gives.
q = queue.PriorityQueue()
for i in range(12):
    q.put(Prioritized(i % 3, i))
print([q.get().item for _ in range(12)])
