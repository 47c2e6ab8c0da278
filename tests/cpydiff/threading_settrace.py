"""
categories: Modules,threading
description: Functions given to `settrace()` and `setprofile()` are kept, but never called
cause: MicroPython's interpreter has nothing that would call them.
workaround: Put what shall run in each thread into `run()`, or into the target.
"""

import threading

calls = []
threading.settrace(lambda frame, event, arg: calls.append(event))
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
print("called" if calls else "not called")
