# task_done() more often than items were put.
import queue


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = kind()
    error(q.task_done)
    print(q.unfinished_tasks)
    q.put(1)
    q.put(2)
    print(q.unfinished_tasks)
    q.get()
    print(q.unfinished_tasks)
    error(q.task_done)
    # It counts items put, not items gotten.
    error(q.task_done)
    error(q.task_done)
    print(q.unfinished_tasks, q.qsize(), q.join())
    q.put(3)
    print(q.unfinished_tasks, q.get(), q.get(), q.task_done(), q.join())

q = queue.Queue(1)
q.put(1)
try:
    q.put_nowait(2)
except queue.Full:
    print("a failed put does not count:", q.unfinished_tasks)
print(hasattr(queue.SimpleQueue(), "task_done"), hasattr(queue.SimpleQueue(), "join"))
