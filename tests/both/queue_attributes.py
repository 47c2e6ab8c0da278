# The attributes of a Queue.
import queue
import threading

for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = kind(3)
    q.put(2)
    q.put(1)
    print(kind.__name__, q.maxsize, q.unfinished_tasks, len(q.queue), list(q.queue))
    print(type(q.mutex).__name__, q.mutex.locked())
    for name in ("not_empty", "not_full", "all_tasks_done"):
        condition = getattr(q, name)
        print(name, isinstance(condition, threading.Condition))
        with condition:
            print(q.mutex.locked(), condition.notify())
    with q.mutex:
        print(q.mutex.locked(), len(q.queue))
    print(q.mutex.locked(), q.mutex is q.mutex, q.not_empty is q.not_full)

# Emptied by hand, as programs do.
q = queue.Queue()
for i in range(5):
    q.put(i)
with q.mutex:
    q.queue.clear()
print(q.qsize(), q.empty(), q.unfinished_tasks)
q.put("after")
print(q.get(), len(q.queue))

# Used by hand: append to the list and tell those who wait.
q = queue.LifoQueue()
results = []
thread = threading.Thread(target=lambda: results.append(q.get()))
thread.start()
with q.not_empty:
    q.queue.append("by hand")
    q.not_empty.notify()
thread.join()
print(results, q.qsize())

# Attributes of one's own.
q.note = "own"
print(q.note, hasattr(q, "missing"))
