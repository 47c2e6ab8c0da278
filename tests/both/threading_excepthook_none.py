# With threading.excepthook set to None the default hook is used.
# stderr
import threading


def fail():
    raise ValueError("no hook")


thread = threading.Thread(target=fail, name="failing")
threading.excepthook = None
print(threading.excepthook)
thread.start()
thread.join()
print(thread.is_alive())
threading.excepthook = threading.__excepthook__
