"""
categories: Modules,threading
description: `Lock` can be subclassed
cause: A type that can be called can be subclassed in MicroPython.
workaround: None needed. Methods that the subclass overrides work for its own callers.
"""

import threading

try:

    class Mine(threading.Lock):
        pass

    print("subclassed")
except TypeError:
    print("TypeError")
