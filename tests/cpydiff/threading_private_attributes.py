"""
categories: Modules,threading
description: Thread has no private attributes such as `_target` and `_args`
cause: The state of a thread is kept in C.
workaround: Override `__init__()` and keep what `run()` needs in attributes of your own.
"""

import threading


class Returning(threading.Thread):
    def run(self):
        self.result = self._target(*self._args)


threading.excepthook = lambda args: print(args.exc_type.__name__)
thread = Returning(target=abs, args=(-1,))
thread.start()
thread.join()
print(getattr(thread, "result", None))
