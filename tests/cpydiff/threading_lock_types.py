"""
categories: Modules,threading
description: `threading.Lock()` and `_thread.allocate_lock()` make objects of two types
cause: MicroPython's `_thread`, whose locks ignore a timeout, is not changed.
workaround: Use `threading.Lock`, also in threads that were started with `_thread`.
"""

import _thread
import threading

same = type(threading.Lock()) is type(_thread.allocate_lock())
print("the same type" if same else "two types")
