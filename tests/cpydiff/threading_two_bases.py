"""
categories: Core,Classes
description: Two bases of a class cannot both derive from Thread, Timer, local or Queue
cause: An object has room for the native half of one base.
workaround: Make one of the bases a mixin, which derives from none of them.
"""

import threading


class Named(threading.Thread):
    pass


class Worker(threading.Thread):
    pass


try:

    class NamedWorker(Named, Worker):
        pass

    print("made")
except TypeError as e:
    print(type(e).__name__)
