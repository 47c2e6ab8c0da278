# Items that use the queue's own module while they are compared or put; a queue in a queue.
import queue

outer = queue.Queue()
inner = queue.Queue()
outer.put(inner)
inner.put(outer)
print(outer.get() is inner, inner.get() is outer)


class Item:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        # Another queue is used while the PriorityQueue holds its lock.
        side.put((self.value, other.value))
        return self.value < other.value


side = queue.SimpleQueue()
q = queue.PriorityQueue()
for value in (3, 1, 2):
    q.put(Item(value))
print([q.get().value for _ in range(3)], side.qsize() > 0)


class Linked(queue.Queue):
    def _put(self, item):
        super()._put(item)
        copies.put(item)


copies = queue.Queue()
q = Linked()
q.put(1)
q.put(2)
print(q.get(), q.get(), copies.get(), copies.get())
