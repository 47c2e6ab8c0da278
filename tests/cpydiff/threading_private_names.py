"""
categories: Modules,threading
description: Private names that only CPython's own code uses do not exist; _active is a copy
cause: They are parts of CPython's implementation (_limbo, _dangling, _after_fork, Thread._bootstrap and _tstate_lock, Condition._waiters, Event._flag, Barrier._state); here that state is in C. tests/inventory/table.txt has the private names that there are.
workaround: Use the public names: enumerate(), is_alive(), is_set(), broken, n_waiting.
"""

import threading

print(hasattr(threading, "_limbo"), hasattr(threading.Event(), "_flag"))
del threading._active[threading.get_ident()]
print(len(threading._active))
