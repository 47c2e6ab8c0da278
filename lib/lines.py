# `import lines`, the one line that a program needs on a stock interpreter for the output that it has
# on CPython: what one print() prints is in one piece, and the line of the thread that puts an item
# into a queue comes before the line of the one that takes it out. docs/pure.md says why.
#
# This file is part of micropython-threading, MIT licence.

import _thread
import builtins
import queue
import sys

# The thread that puts an item wakes the one that takes it, and they race for the output. So get()
# gives it this long to print first; less is lost more often on a busy machine.
queue.grace_ms = 4

_lock = _thread.allocate_lock()


def print(*args, sep=" ", end="\n", file=None):
    # Texts of objects are made before the lock is taken: that is the program's code.
    sep = " " if sep is None else sep
    text = sep.join([str(arg) for arg in args]) + ("\n" if end is None else end)
    with _lock:
        (sys.stdout if file is None else file).write(text)


builtins.print = print
