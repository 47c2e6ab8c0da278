"""
categories: Core,Import
description: A module that one thread imports can be seen half done by another
cause: MicroPython's import takes no lock.
workaround: Import modules in the main thread, before the threads that use them are started.
"""

import sys
import threading

sys.path.insert(0, "modules")
thread = threading.Thread(target=__import__, args=("imported_slowly",))
thread.start()
while not hasattr(sys.modules.get("imported_slowly"), "seen"):
    thread.join(0.01)

import imported_slowly

print("done" if hasattr(imported_slowly, "done") else "half done")
imported_slowly.seen.set()
thread.join()
