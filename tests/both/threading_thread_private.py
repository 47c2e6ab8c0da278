# What subclasses that override run() use: _target, _args, _kwargs; and _started.
# not-pure: CPython's private names are not there
import threading


class Returning(threading.Thread):
    def run(self):
        self.result = None
        if self._target is not None:
            self.result = self._target(*self._args, **self._kwargs)

    def join(self, timeout=None):
        super().join(timeout)
        return self.result


def add(a, b=0, c=0):
    return a + b + c


for thread in (
    Returning(target=add, args=(1, 2)),
    Returning(target=add, args=[1], kwargs={"c": 3}),
    Returning(target=add, kwargs={"a": 5}),
    Returning(),
):
    print(thread._args, sorted(thread._kwargs.items()))
    thread.start()
    print(thread.join())


# Set by a subclass, also one that calls the base's run().
class Late(threading.Thread):
    def __init__(self, value):
        super().__init__()
        self._target = print
        self._args = ("set later", value)


thread = Late(1)
thread._kwargs["sep"] = "-"
thread.start()
thread.join()
print(hasattr(thread, "_target"), hasattr(thread, "_args"), hasattr(thread, "_kwargs"))
print(threading.Thread()._kwargs is threading.Thread()._kwargs)

timer = threading.Timer(0, print)
print(timer._target, timer._args, len(timer._kwargs))

go = threading.Event()
thread = threading.Thread(target=go.wait)
started = thread._started
print(started.is_set(), started is thread._started)
thread.start()
print(started.is_set(), started.wait(), threading.main_thread()._started.is_set())
go.set()
thread.join()
print(thread._started.is_set())
