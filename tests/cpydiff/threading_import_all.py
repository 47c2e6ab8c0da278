"""
categories: Core,Import
description: `from threading import *` leaves out Thread, Timer and local, that of queue the queues
cause: It takes the module's table, not `__all__`. These classes are made when it is imported.
workaround: Name what is imported.
"""

from threading import *

try:
    print(Thread.__name__)
except NameError:
    print("NameError")
