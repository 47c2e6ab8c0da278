# RLock.acquire(timeout=...) in a thread that is not the owner.
import threading
import time


def timed(*args, **kwargs):
    start = time.time()
    result = lock.acquire(*args, **kwargs)
    results.append((result, time.time() - start))
    if result:
        lock.release()


def elsewhere(*args, **kwargs):
    thread = threading.Thread(target=timed, args=args, kwargs=kwargs)
    thread.start()
    return thread


lock = threading.RLock()
results = []
lock.acquire()
lock.acquire()
for timeout in (0, 0.05, 0.2):
    elsewhere(timeout=timeout).join()
    result, seconds = results.pop()
    print(timeout, result, timeout - 0.002 <= seconds < 5)

# Freed in time; one release of two is not enough.
for timeout in (30, threading.TIMEOUT_MAX, -1):
    thread = elsewhere(True, timeout)
    lock.acquire()
    lock.release()
    lock.release()
    thread.join(0.02)
    print(thread.is_alive(), results)
    lock.release()
    thread.join()
    result, seconds = results.pop()
    print(result, seconds < 5)
    lock.acquire()
    lock.acquire()
print(lock.acquire(timeout=0), lock.acquire(timeout=threading.TIMEOUT_MAX))
