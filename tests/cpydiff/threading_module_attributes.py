"""
categories: Modules,threading
description: Nothing but `excepthook` can be assigned in the modules
cause: Modules in C are read-only in MicroPython.
workaround: Import from a module of your own that passes on what it does not replace.
"""

import threading


class Thread(threading.Thread):
    pass


try:
    threading.Thread = Thread
    print("assigned")
except AttributeError:
    print("AttributeError")
