# join() of a thread not started, of oneself, with bad timeouts.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


thread = threading.Thread(target=lambda: None)
error(thread.join)
error(thread.join, 0)
error(thread.join, timeout=1)
error(threading.current_thread().join)
error(threading.main_thread().join, 0.01)


class Selfish(threading.Thread):
    def run(self):
        error(self.join)
        error(self.join, 0)
        error(threading.current_thread().join, timeout=1)


thread = Selfish()
thread.start()
error(thread.join)
try:
    thread.join("1")
except TypeError:
    print("TypeError")
error(thread.join)
error(thread.join, None)
