# Timer's attributes; the default arguments are fresh objects; a subclass.
import threading


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


first = threading.Timer(5, print)
second = threading.Timer(5, print)
print(first.interval, first.function is print, first.args, first.kwargs)
first.args.append("changed")
first.kwargs["sep"] = "-"
print(first.args, first.kwargs, second.args, second.kwargs, threading.Timer(1, print).args)
print(type(first.finished).__name__, first.finished is second.finished)
arguments = [1]
print(threading.Timer(1, print, arguments).args is arguments)
print(isinstance(first, threading.Thread), first.name, second.name)
error_type(threading.Timer)
error_type(threading.Timer, 1)
error_type(threading.Timer, 1, print, [], {}, 5)
error_type(threading.Timer, 1, print, name="x")

# What counts is what the attributes hold when it fires.
log = []
timer = threading.Timer(60, print, ["not this"])
timer.interval = 0
timer.function = log.append
timer.args = ["this"]
timer.start()
timer.join()
print(log)


class Repeating(threading.Timer):
    def __init__(self, interval, function, times):
        super().__init__(interval, function)
        self.times = times

    def run(self):
        while self.times and not self.finished.wait(self.interval):
            self.function(*self.args, **self.kwargs)
            self.times -= 1


log = []
timer = Repeating(0.001, lambda: log.append(len(log)), 4)
timer.daemon = True
timer.start()
timer.join()
print(log, timer.times, timer.daemon)
