# A hook that fails itself is reported on standard error; the thread ends, the program goes on.
# stderr
import threading


def hook(args):
    print("hook called for", args.exc_value)
    raise RuntimeError("hook failed")


def fail():
    raise ValueError("run failed")


threading.excepthook = hook
thread = threading.Thread(target=fail)
thread.start()
thread.join()
print(thread.is_alive(), threading.active_count())
threading.excepthook = threading.__excepthook__
thread = threading.Thread(target=fail)
thread.start()
thread.join()
print(thread.is_alive(), threading.active_count())
