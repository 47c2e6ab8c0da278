# RLock: refused arguments, release by one who does not own it.
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


def elsewhere(f, *args):
    thread = threading.Thread(target=f, args=args)
    thread.start()
    thread.join()


lock = threading.RLock()
error(lock.release)
error(lock.__exit__, None, None, None)
error(lock._release_save)
for depth in range(3):
    print("depth", depth)
    error(lock.acquire, False, 1)
    error(lock.acquire, False, 0)
    error(lock.acquire, timeout=float("nan"))
    error_type(lock.acquire, timeout=-2)
    error_type(lock.acquire, timeout=threading.TIMEOUT_MAX + 1)
    error_type(lock.acquire, timeout=float("inf"))
    error_type(lock.acquire, timeout="1")
    error_type(lock.acquire, timeout=None)
    error_type(lock.acquire, True, 1, 2)
    error_type(lock.acquire, wait=True)
    elsewhere(error, lock.release)
    lock.acquire()

# After all those errors the count is right.
for i in range(3):
    lock.release()
error(lock.release)
error_type(lock.release, 1)
