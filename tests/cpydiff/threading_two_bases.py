"""
categories: Core,Classes
description: A class cannot derive from Thread, local or Queue by two bases
cause: An object can hold the native half of one base only.
workaround: Make one of the bases a mixin: a class that does not derive from Thread.
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
