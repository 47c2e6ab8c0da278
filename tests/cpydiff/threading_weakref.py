"""
categories: Modules,weakref
description: Threads, locks and queues cannot be referenced weakly
cause: MicroPython has no weak references.
workaround: Keep the object, and drop it when its work is done.
"""

import threading

try:
    import weakref

    weakref.ref(threading.current_thread())
    print("referenced")
except ImportError:
    print("ImportError")
