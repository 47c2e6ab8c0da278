# from threading import * gives what __all__ names and nothing else, with the values of the moment.
# not-pure: MicroPython 1.25 copies every name of a module in Python
import threading

before = set(globals())
before.add("before")
from threading import *

given = set(globals()) - before
print("missing", sorted(set(threading.__all__) - given))
print("besides", sorted(given - set(threading.__all__)))
for name in ["Thread", "Timer", "local", "Lock", "TIMEOUT_MAX", "excepthook"]:
    print(name, globals().get(name) is getattr(threading, name))
print(Thread.__name__, Timer.__name__, TIMEOUT_MAX == 9223372036.0)

thread = Thread(target=print, args=("in a thread",))
thread.start()
thread.join()


class Named(Thread):
    def run(self):
        data.name = self.name
        print(data.name, isinstance(self, threading.Thread))


data = local()
thread = Named(name="a subclass")
thread.start()
thread.join()
print(hasattr(data, "name"))


def hook(args):
    print("hook", args.exc_type.__name__)


def fail():
    raise ValueError


threading.excepthook = hook
print(excepthook is hook, excepthook is threading.__excepthook__)
from threading import *

print(excepthook is hook, threading.excepthook is hook)
thread = Timer(0, fail)
thread.start()
thread.join()
threading.excepthook = threading.__excepthook__
from threading import *

print(excepthook is hook, excepthook is threading.excepthook)
