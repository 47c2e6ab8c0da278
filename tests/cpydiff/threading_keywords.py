"""
categories: Modules,threading
description: `settrace()`, `setprofile()` and their kin take no keyword
cause: They are functions in C of MicroPython's usual kind.
workaround: Give the function by position.
"""

import threading

try:
    threading.settrace(func=None)
    print("set")
except TypeError:
    print("TypeError")
