# Lock: arguments that are refused, and release() of a free lock. The lock stays usable.
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


lock = threading.Lock()
error(lock.release)
error(lock.__exit__, None, None, None)
for state in ("free", "held"):
    print(state, lock.locked())
    error(lock.acquire, False, 1)
    error(lock.acquire, False, 0)
    error(lock.acquire, blocking=False, timeout=0.5)
    error(lock.acquire, timeout=float("nan"))
    # The overflow's text varies from one CPython to the next.
    error_type(lock.acquire, timeout=threading.TIMEOUT_MAX + 1)
    error_type(lock.acquire, timeout=1e100)
    error_type(lock.acquire, timeout=float("inf"))
    error_type(lock.acquire, timeout=10**30)
    error_type(lock.acquire, timeout=-2)
    error_type(lock.acquire, timeout=-0.5)
    error_type(lock.acquire, timeout="1")
    error_type(lock.acquire, timeout=None)
    error_type(lock.acquire, True, 1, 2)
    error_type(lock.acquire, wait=True)
    print(lock.locked())
    lock.acquire(False)

error_type(lock.release, 1)
error_type(lock.locked, 1)
lock.release()
error(lock.release)
print(lock.locked(), lock.acquire())
