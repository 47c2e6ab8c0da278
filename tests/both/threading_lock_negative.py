# since 3.13
# Lock and RLock: the text for a negative timeout.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


for lock in (threading.Lock(), threading.RLock()):
    error(lock.acquire, True, -2)
    error(lock.acquire, timeout=-0.5)
    error(lock.acquire, timeout=-1.5)
    error(lock.acquire, timeout=-1e-9)
    error(lock.acquire, False, -2)
