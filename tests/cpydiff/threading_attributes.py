"""
categories: Modules,threading
description: Conditions, Events, Semaphores and Barriers take no other attributes
cause: They are native types, whose objects have no dict.
workaround: Derive a class: its objects take any attribute.
"""

import threading

event = threading.Event()
try:
    event.reason = "low battery"
    print(event.reason)
except AttributeError:
    print("AttributeError")
