"""
categories: Modules,threading
description: The `repr()` of a subclass's object names the base's module, or the base
cause: Classes do not know their module in MicroPython, and native types not their subclasses.
workaround: Define `__repr__()`.
"""

import queue
import threading


class Jobs(queue.Queue):
    pass


class Done(threading.Event):
    pass


print(repr(Jobs()).split(" at ")[0])
print(repr(Done()).split(" at ")[0])
