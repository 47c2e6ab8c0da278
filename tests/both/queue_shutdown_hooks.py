# since 3.13
# shutdown(immediate=True) with hooks that fail: the lock is free afterwards.
import queue


class Fragile(queue.Queue):
    fail = False

    def _get(self):
        if self.fail:
            raise ValueError("in _get")
        return super()._get()


q = Fragile()
for i in range(3):
    q.put(i)
q.fail = True
try:
    q.shutdown(immediate=True)
except ValueError as e:
    print(e, q.mutex.locked(), q.is_shutdown, q.qsize(), q.unfinished_tasks)
q.fail = False
print(q.get(), q.qsize())
q.shutdown(immediate=True)
print(q.qsize(), q.unfinished_tasks)
try:
    q.get()
except queue.ShutDown as e:
    print("ShutDown", e.args)

# is_shutdown is an ordinary attribute.
q = queue.Queue()
q.is_shutdown = True
try:
    q.put(1)
except queue.ShutDown:
    print("ShutDown")
q.is_shutdown = False
print(q.put(1), q.get())
