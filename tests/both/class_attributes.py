# Attributes that a program sets on the classes themselves: their own, new ones, and a base's.
import queue
import threading

for cls in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, threading.Timer):
    names = ["extra%d" % i for i in range(10)]
    for i, name in enumerate(names):
        setattr(cls, name, i)
    print(cls.__name__, [getattr(cls, name) for name in names])
    for name in names:
        delattr(cls, name)
    print([name for name in names if hasattr(cls, name)])


def counted(kind, name):
    original = getattr(kind, name)

    def call(self, *args, **kwargs):
        print("%s of %s" % (name, type(self).__name__))
        return original(self, *args, **kwargs)

    setattr(kind, name, call)
    return original


# What is set on the base counts for the classes made from it.
put = counted(queue.Queue, "put")
get = counted(queue.Queue, "get")
for cls in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = cls()
    q.put(1)
    q.put_nowait(2)
    print(q.get(), q.get_nowait())
queue.Queue.put = put
queue.Queue.get = get

# And the derived class's own before the base's.
put = counted(queue.LifoQueue, "put")
q = queue.LifoQueue()
q.put(3)
print(q.get())
del queue.LifoQueue.put
q.put(4)
print(q.get())
