"""
categories: Modules,threading
description: The automatic name of a thread does not tell a target that is built in
cause: Built-in functions have no `__name__` in MicroPython.
workaround: Give the thread a name.
"""

import threading

print(threading.Thread(target=print).name)
