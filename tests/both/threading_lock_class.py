# since 3.13
# Lock is a class: isinstance works, arguments are refused, any truth value blocks.
import threading


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


lock = threading.Lock()
print(isinstance(lock, threading.Lock), type(lock) is threading.Lock)
print(isinstance(threading.RLock(), threading.Lock), isinstance(1, threading.Lock))
print(isinstance(threading.Lock, type))
error_type(threading.Lock, 1)
error_type(threading.Lock, blocking=True)

for blocking in ("yes", [0], 2.5):
    print(lock.acquire(blocking), lock.release())
lock.acquire()
for blocking in ("", [], None, 0.0):
    print(lock.acquire(blocking))
