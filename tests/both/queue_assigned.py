# Attributes that programs assign: the recipe that empties a queue, other containers, limits and hooks.
import collections
import queue
import threading

q = queue.Queue()
for i in range(5):
    q.put(i)
with q.mutex:
    q.queue.clear()
    q.all_tasks_done.notify_all()
    q.unfinished_tasks = 0
q.join()
print(q.qsize(), q.unfinished_tasks)
q.put(1)
print(q.qsize(), q.unfinished_tasks)
try:
    q.task_done()
    q.task_done()
except ValueError as e:
    print(e)

q = queue.Queue()
q.queue = collections.deque([1, 2, 3], 10)
print(q.qsize(), q.get(), q.get_nowait(), q.qsize(), q.empty())
q.put(4)
print(q.get(), q.get(), q.empty())

q = queue.PriorityQueue()
q.queue = [1, 5, 3]
q.put(0)
print([q.get() for _ in range(4)])


class Limited(queue.Queue):
    def __init__(self):
        self.maxsize = 1
        super().__init__(3)


q = Limited()
for i in range(3):
    q.put_nowait(i)
print(q.maxsize, q.full())
q.maxsize = 4
q.put_nowait(3)
print(q.full())
q.maxsize = 0
q.put_nowait(4)
print(q.full(), q.qsize())

q = queue.Queue()
seen = []
q._put = seen.append
q._qsize = lambda: len(seen)
q._get = lambda: seen.pop() * 10
q.put(1)
q.put(2)
print(seen, q.get(), q.qsize())

# A getter that waits for an item when the container is replaced.
q = queue.Queue()
got = []
thread = threading.Thread(target=lambda: got.append(q.get()))
thread.start()
thread.join(0.02)
with q.mutex:
    q.queue.append("direct")
    q.not_empty.notify()
thread.join()
print(got)
