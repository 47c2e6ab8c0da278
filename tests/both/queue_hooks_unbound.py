# A subclass whose hooks call the base's, unbound and by super().
import queue


class Logging(queue.Queue):
    def __init__(self, *args):
        self.log = []
        queue.Queue.__init__(self, *args)

    def _init(self, maxsize):
        self.log.append("_init")
        queue.Queue._init(self, maxsize)

    def _qsize(self):
        return queue.Queue._qsize(self)

    def _put(self, item):
        self.log.append("_put")
        return queue.Queue._put(self, item)

    def _get(self):
        self.log.append("_get")
        return queue.Queue._get(self)


class BySuper(queue.PriorityQueue):
    def __init__(self, maxsize=0, name=None):
        super().__init__(maxsize)
        self.name = name
        self.number = 0

    def _put(self, item):
        self.number += 1
        super()._put((item, self.number))

    def _get(self):
        return super()._get()[0]


class Deep(Logging):
    def _put(self, item):
        super()._put(item * 2)


q = Logging(2)
q.put(1)
q.put(2)
print(q.maxsize, q.full(), q.get(), q.get(), q.empty(), q.log, len(q.queue))
q = BySuper(name="jobs")
for i in (2, 1, 3):
    q.put(i)
print(q.name, q.number, list(q.queue)[0], [q.get() for _ in range(3)])
q = Deep()
q.put(5)
print(q.get(), q.log)


class Lifo(queue.LifoQueue):
    def _put(self, item):
        queue.LifoQueue._put(self, item)
        self.top = self.queue[-1]


q = Lifo()
q.put(1)
q.put(2)
print(q.top, q.get(), q.queue)
queue.Queue.put(q, 3)
print(queue.Queue.get(q), queue.Queue.qsize(q), queue.Queue.empty(q))
