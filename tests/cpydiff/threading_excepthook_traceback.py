"""
categories: Modules,threading
description: `excepthook()` is given no traceback
cause: Exceptions have no `__traceback__`: theirs can be printed, but is no object.
workaround: `sys.print_exception(args.exc_value)` prints it.
"""

import threading


def hook(args):
    print("no traceback" if args.exc_traceback is None else "a traceback")


def fail():
    raise ValueError


threading.excepthook = hook
thread = threading.Thread(target=fail)
thread.start()
thread.join()
