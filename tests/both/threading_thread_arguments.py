# Thread(): arguments that are refused.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


error(threading.Thread, 1)
error(threading.Thread, group="group")
error(threading.Thread, False)
error_type(threading.Thread, targt=print)
error_type(threading.Thread, None, print, "name", (), {}, True)
error_type(threading.Thread, None, print, "name", (), {}, daemon=True, extra=1)
error_type(threading.Thread, None, None, target=print)
thread = threading.Thread(None, print, "name", (), {}, daemon=True)
print(thread.name, thread.daemon)
error_type(thread.start, 1)
error_type(thread.is_alive, 1)
error_type(thread.join, 1, 2)
print(threading.active_count())
