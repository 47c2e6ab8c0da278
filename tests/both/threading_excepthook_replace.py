# threading.excepthook can be replaced and restored; it is looked up when the exception comes.
import threading


def fail(error):
    raise error


def run(error):
    thread = threading.Thread(target=fail, args=(error,), name="failing")
    thread.start()
    thread.join()
    print("joined", thread.is_alive())


def hook(args):
    print(args.exc_type.__name__, args.exc_value, args.thread.name)
    print(args.thread is threading.current_thread(), args.thread.is_alive())


print(threading.excepthook is threading.__excepthook__)
threading.excepthook = hook
print(threading.excepthook is hook, threading.excepthook is threading.__excepthook__)
run(ValueError("one"))
run(RuntimeError("two"))
# SystemExit goes to the hook, too; it is the default hook that ignores it.
run(SystemExit(3))
threading.excepthook = threading.__excepthook__
print(threading.excepthook is threading.__excepthook__)
run(SystemExit(4))

# Replaced while the thread runs.
entered = threading.Event()
go = threading.Event()


def wait_and_fail():
    entered.set()
    go.wait()
    raise ValueError("late")


thread = threading.Thread(target=wait_and_fail, name="late")
thread.start()
entered.wait()
setattr(threading, "excepthook", hook)
go.set()
thread.join()


class Failing(threading.Thread):
    def run(self):
        raise KeyError("in run")


threading.excepthook = lambda args: print(args.exc_type.__name__, args.thread.name)
thread = Failing(name="subclass")
thread.start()
thread.join()
thread = threading.Timer(0, fail, [ValueError("timer")])
thread.name = "timer"
thread.start()
thread.join()
