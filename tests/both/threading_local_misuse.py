# What is no local object is refused.
import threading


class Local(threading.local):
    pass


class Other:
    def __init__(self, *args):
        self.args = args


def error_type(f, *args):
    try:
        print("no error:", f(*args))
    except Exception as e:
        print(type(e).__name__)


obj = Local()
obj.x = 1
error_type(threading.local.__new__, Other)
error_type(threading.local.__new__, obj)
error_type(threading.local.__new__, 5)
error_type(threading.local.__new__)
error_type(threading.local.__new__, threading.local, 1)
print(obj.x, Other(1, 2).args)
