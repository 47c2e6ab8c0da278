# A subclass that does not call Thread.__init__: every use of the object says so.
import threading


class Forgetful(threading.Thread):
    def __init__(self, value):
        self.value = value


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


thread = Forgetful(7)
print(thread.value)
error(thread.start)
error(thread.join)
error(thread.join, 1)
error(thread.is_alive)
error(thread.getName)
error(thread.setName, "x")
error(thread.isDaemon)
error(thread.setDaemon, True)
error(repr, thread)
error(lambda: thread.name)
error(lambda: thread.ident)
error(lambda: thread.native_id)
error(lambda: thread.daemon)
error(setattr, thread, "name", "x")
error(setattr, thread, "daemon", True)
print(threading.active_count())

# Made good later.
threading.Thread.__init__(thread, target=lambda: print("runs"))
thread.start()
thread.join()
print(thread.value, thread.is_alive())
