# Subclasses that override put and get: put_nowait and get_nowait go through them.
import queue


class Logged(queue.Queue):
    def put(self, item, block=True, timeout=None):
        log.append(("put", item, block, timeout))
        super().put(item, block, timeout)

    def get(self, block=True, timeout=None):
        log.append(("get", block, timeout))
        return queue.Queue.get(self, block, timeout)


log = []
q = Logged(1)
q.put(1)
print(q.get())
q.put_nowait(2)
print(q.get_nowait())
for f in (q.get_nowait, lambda: (q.put(3), q.put_nowait(4))):
    try:
        f()
    except (queue.Empty, queue.Full) as e:
        print(type(e).__name__)
for line in log:
    print(line)


class Wide(queue.Queue):
    def put_many(self, items):
        for item in items:
            self.put(item)

    def drain(self):
        items = []
        while not self.empty():
            items.append(self.get())
        return items


q = Wide()
q.put_many("abc")
print(q.drain(), q.qsize(), type(q).__name__, isinstance(q, queue.Queue))


class Simple(queue.SimpleQueue):
    def put_twice(self, item):
        self.put(item)
        self.put(item)


q = Simple()
q.put_twice(7)
q.note = "own attribute"
print(q.get(), q.get(), q.empty(), q.note)
