"""
categories: Modules,threading
description: Semaphores and Barriers count with 32 bits, and not in fractions
cause: The counters are integers in C.
workaround: None needed.
"""

import threading

try:
    print(threading.Semaphore(2**32).acquire())
except OverflowError:
    print("OverflowError")
