# local: missing attributes, arguments without an __init__ for them, __dict__ not to be replaced.
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


class Plain(threading.local):
    pass


error(threading.local, 1)
error(lambda: threading.local(x=1))
error(Plain, 1)
error(lambda: Plain(x=1))
for data in (threading.local(), Plain()):
    error_type(getattr, data, "missing")
    error_type(delattr, data, "missing")
    error_type(setattr, data, "__dict__", {})
    error_type(delattr, data, "__dict__")
    data.x = 1
    error_type(getattr, data, "missing")
    error_type(delattr, data, "missing")
    error_type(setattr, data, "__dict__", {})
    print(data.x, data.__dict__)
