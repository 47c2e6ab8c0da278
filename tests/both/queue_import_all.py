# from queue import * gives what __all__ names and nothing else.
# not-pure: MicroPython 1.25 copies every name of a module in Python
import queue

before = set(globals())
before.add("before")
from queue import *

given = set(globals()) - before
print("missing", sorted(set(queue.__all__) - given))
print("besides", sorted(given - set(queue.__all__)))
for name in ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue", "Empty", "Full"]:
    print(name, globals().get(name) is getattr(queue, name))

for kind in [Queue, LifoQueue, PriorityQueue, SimpleQueue]:
    q = kind()
    for n in [2, 1, 3]:
        q.put(n)
    print(kind.__name__, [q.get(), q.get(), q.get()])
    try:
        q.get_nowait()
    except Empty as error:
        print(type(error).__name__)
try:
    q = Queue(1)
    q.put(1)
    q.put_nowait(2)
except Full as error:
    print(type(error).__name__)
