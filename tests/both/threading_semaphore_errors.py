# Semaphore and BoundedSemaphore: arguments that are refused, without an effect on the value.
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


for kind in (threading.Semaphore, threading.BoundedSemaphore):
    error(kind, -1)
    error(kind, value=-5)
    error_type(kind, "1")
    error_type(kind, 1, 2)
    error_type(kind, count=1)
    for value in (0, 1):
        semaphore = kind(value)
        error(semaphore.acquire, False, 1)
        error(semaphore.acquire, False, 0)
        error(semaphore.acquire, blocking=False, timeout=0.5)
        error(semaphore.release, 0)
        error(semaphore.release, -1)
        error(semaphore.release, n=0)
        error_type(semaphore.release, "1")
        error_type(semaphore.release, 1, 2)
        error_type(semaphore.acquire, True, 1, 2)
        print(repr(semaphore).partition(": ")[2])
    semaphore = kind(0)
    error_type(semaphore.acquire, timeout="1")
    error_type(semaphore.acquire, timeout=1e100)
    error_type(semaphore.acquire, timeout=float("inf"))
    print(semaphore.acquire(False))
