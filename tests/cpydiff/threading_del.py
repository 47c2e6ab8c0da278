"""
categories: Core,Classes
description: `__del__()` is not called, also not for what a thread leaves behind
cause: MicroPython's collector calls finalisers of native objects only.
workaround: Close what has to be closed with `with`, or with `try` and `finally`.
"""

import gc
import threading


class Port:
    def __del__(self):
        print("closed")


def use():
    data = threading.local()
    data.port = Port()


thread = threading.Thread(target=use)
thread.start()
thread.join()
gc.collect()
print("end")
