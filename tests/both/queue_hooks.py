# A subclass that stores its items in a way of its own: _init, _qsize, _put, _get.
import queue
import threading


class UniqueQueue(queue.Queue):
    def _init(self, maxsize):
        self.log = ["_init %d" % maxsize]
        self.items = []

    def _qsize(self):
        self.locked_everywhere = self.mutex.locked()
        return len(self.items)

    def _put(self, item):
        self.log.append("_put %s" % item)
        if item not in self.items:
            self.items.append(item)

    def _get(self):
        self.log.append("_get")
        return self.items.pop(0)


q = UniqueQueue(2)
print(q.log, q.maxsize)
q.put("a")
q.put("a")
print(q.qsize(), q.full(), q.empty(), q.locked_everywhere, q.unfinished_tasks)
q.put("b")
print(q.full(), q.log)
try:
    q.put_nowait("c")
except queue.Full:
    print("Full")
print(q.get(), q.get_nowait(), q.qsize(), q.locked_everywhere)
try:
    q.get(timeout=0.01)
except queue.Empty:
    print("Empty")
print(q.log)

# Blocking works on the hooks as well.
results = []
thread = threading.Thread(target=lambda: results.append((q.get(), q.get())))
thread.start()
q.put(1)
q.put(2)
thread.join()
print(results)


class SetQueue(queue.Queue):
    def _init(self, maxsize):
        self.queue = set()

    def _put(self, item):
        self.queue.add(item)

    def _get(self):
        return self.queue.pop()


q = SetQueue()
for i in (3, 3, 3, 4, 4):
    q.put(i)
print(q.qsize(), sorted((q.get(), q.get())), q.empty())
