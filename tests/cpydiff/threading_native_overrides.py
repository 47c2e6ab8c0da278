"""
categories: Modules,threading
description: Methods of Condition, Event and their kin do not call what a subclass overrides
cause: A method of a native type is given the native object, not the subclass's.
workaround: Override what the program calls. Thread, Timer, local and Queue have no such limit.
"""

import threading


class Verbose(threading.Condition):
    def wait(self, timeout=None):
        print("wait")
        return super().wait(timeout)


condition = Verbose()
with condition:
    print(condition.wait_for(lambda: False, timeout=0.01))
