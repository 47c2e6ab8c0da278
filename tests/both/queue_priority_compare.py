# PriorityQueue with items that compare themselves, and a comparison that fails.
import queue


class Job:
    def __init__(self, priority, name):
        self.priority = priority
        self.name = name

    def __lt__(self, other):
        if self.priority is None or other.priority is None:
            raise ValueError("no priority")
        return self.priority < other.priority


q = queue.PriorityQueue()
for priority, name in ((3, "c"), (1, "a"), (2, "b")):
    q.put(Job(priority, name))
print([q.get().name for _ in range(3)])

# The failed put leaves the queue usable: its lock is free.
q.put(Job(1, "a"))
for i in range(2):
    try:
        q.put(Job(None, "bad"))
    except ValueError as e:
        print(e)
print(q.mutex.locked(), q.unfinished_tasks)
q = queue.PriorityQueue()
q.put((1, {}))
try:
    q.put((1, {}))
except TypeError:
    print("TypeError", q.mutex.locked())
print(q.get(), q.unfinished_tasks)
