"""
categories: Modules,threading
description: Lock and RLock are types that can be subclassed
cause: A type that can be called can be subclassed in MicroPython.
workaround: None needed. Methods that the subclass overrides work for its own callers.
"""

import threading

for base in (threading.Lock, threading.RLock):
    try:

        class Mine(base):
            pass

        print("subclassed")
    except TypeError:
        print("TypeError")
