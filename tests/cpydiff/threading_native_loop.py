"""
categories: Core,Code emitters
description: Loops in `@micropython.native` and `viper` functions do not let other threads run
cause: Threads take turns at jumps of bytecode. Native code has no place to ask.
workaround: Call `time.sleep(0)` in the loop now and then.
"""

import threading
import time

try:
    import micropython
except ImportError:

    class micropython:
        native = staticmethod(lambda function: function)


go = threading.Event()
ran = []


def other():
    go.wait()
    ran.append("the other thread ran")


@micropython.native
def loop():
    go.set()
    end = time.time() + 1
    while not ran and time.time() < end:
        pass
    return list(ran)


thread = threading.Thread(target=other)
thread.start()
print(loop())
thread.join()
