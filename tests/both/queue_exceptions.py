# The exceptions of the module.
import queue

for name in ("Empty", "Full"):
    kind = getattr(queue, name)
    print(kind.__name__, issubclass(kind, Exception), kind.__bases__ == (Exception,))
    try:
        raise kind
    except kind as e:
        print(repr(str(e)), e.args, isinstance(e, Exception))
    try:
        raise kind("text", 2)
    except queue.Empty as e:
        print("Empty caught", e.args)
    except queue.Full as e:
        print("Full caught", e.args)
print(queue.Empty is queue.Full, queue.__name__)


class Mine(queue.Empty):
    pass


try:
    raise Mine("subclass")
except queue.Empty as e:
    print(type(e).__name__, e)
for name in ("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"):
    print(name, isinstance(getattr(queue, name), type), getattr(queue, name).__name__)
print(issubclass(queue.SimpleQueue, queue.Queue), issubclass(queue.LifoQueue, queue.Queue))
