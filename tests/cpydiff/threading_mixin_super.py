"""
categories: Core,Classes
description: `super()` in a mixin does not find the methods of the class that it is mixed into
cause: MicroPython has no MRO: `super()` looks in the bases of its own class.
workaround: Let the mixin call the method by its class: `threading.Thread.run(self)`.
"""

import threading


class Announced:
    def run(self):
        print("running")
        super().run()


class Worker(Announced, threading.Thread):
    pass


threading.excepthook = lambda args: print(args.exc_type.__name__)
thread = Worker(target=print, args=("done",))
thread.start()
thread.join()
