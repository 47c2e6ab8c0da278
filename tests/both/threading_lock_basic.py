# Lock: acquire, release, locked, with.
import threading

lock = threading.Lock()
print(lock.locked())
print(lock.acquire(), lock.locked())
print(lock.acquire(False), lock.acquire(blocking=False), lock.acquire(0))
print(lock.locked())
print(lock.release(), lock.locked())
print(lock.acquire(True), lock.release())
print(lock.acquire(True, -1), lock.release())
print(lock.acquire(blocking=True, timeout=-1), lock.release())
print(lock.acquire(timeout=-1.0), lock.release())
print(lock.acquire(False, -1), lock.release())
print(lock.acquire(timeout=0), lock.acquire(timeout=0), lock.release())
print(lock.acquire(1, 0.5), lock.release())

with lock as entered:
    print("inside", entered, lock.locked())
print("outside", lock.locked())

try:
    with lock:
        raise ValueError("from the body")
except ValueError as e:
    print("passed on:", e, lock.locked())

print(lock.__enter__(), lock.locked())
print(lock.__exit__(None, None, None), lock.locked())

# Two locks have nothing to do with each other.
other = threading.Lock()
other.acquire()
print(lock.locked(), other.locked())
