"""
categories: Modules,queue
description: `Queue.queue` is no `collections.deque`, `LifoQueue.queue` no list
cause: Items are kept in a ring buffer in C, which changes in one step under the GIL.
workaround: Both ends, the length, subscripts and iteration work. For more, make a list of it.
"""

import queue

q = queue.Queue()
q.put(1)
try:
    q.queue.remove(1)
    print("removed")
except AttributeError:
    print("AttributeError")
