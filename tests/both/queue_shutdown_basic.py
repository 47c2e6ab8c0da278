# since 3.13
# shutdown(): put is refused at once, get when the queue is empty.
import queue


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e, end="|\n")


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = kind(2)
    print(kind.__name__, q.is_shutdown)
    q.put(1)
    q.put(2)
    print(q.shutdown(), q.is_shutdown, q.qsize(), q.full(), q.unfinished_tasks)
    error(q.put, 3)
    error(q.put, 3, False)
    error(q.put, 3, True, 0.01)
    # The shutdown is seen before a bad timeout is.
    error(q.put, 3, True, -1)
    error(q.put_nowait, 3)
    error(q.get, True, -1)
    print(sorted((q.get(), q.get_nowait())), q.qsize(), q.unfinished_tasks)
    error(q.get)
    error(q.get, False)
    error(q.get, True, 0.01)
    error(q.get, True, -1)
    error(q.get_nowait)
    error(q.put, 3)
    print(q.task_done(), q.task_done(), q.join(), q.unfinished_tasks)
    error(q.task_done)
    print(q.shutdown(), q.shutdown(immediate=False), q.is_shutdown, q.empty(), q.full())
print(issubclass(queue.ShutDown, Exception), queue.ShutDown.__bases__ == (Exception,))
print(queue.ShutDown.__name__)
