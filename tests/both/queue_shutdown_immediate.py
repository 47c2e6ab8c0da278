# since 3.13
# shutdown(immediate=True): the queue is drained through _get, unfinished tasks go down with it.
import queue


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e, end="|\n")


class Logged(queue.Queue):
    def _get(self):
        item = super()._get()
        log.append((item, self.mutex.locked()))
        return item


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, Logged):
    log = []
    q = kind()
    for i in range(4):
        q.put(i)
    q.get()
    print(kind.__name__, q.unfinished_tasks, q.qsize())
    print(q.shutdown(immediate=True), q.is_shutdown, q.qsize(), q.unfinished_tasks)
    error(q.put, 1)
    error(q.get)
    error(q.get_nowait)
    # The item gotten before is still to be reported.
    print(q.task_done(), q.join(), q.unfinished_tasks)
    error(q.task_done)
    print(log)

# More reported than gotten: the number does not fall below 0.
q = queue.Queue()
for i in range(3):
    q.put(i)
q.task_done()
q.task_done()
print(q.unfinished_tasks, q.shutdown(True), q.unfinished_tasks, q.qsize(), q.join())
error(q.task_done)
