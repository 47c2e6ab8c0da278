# Lock: the old names acquire_lock, release_lock, locked_lock.
import threading

lock = threading.Lock()
print(lock.locked_lock())
print(lock.acquire_lock(), lock.locked_lock(), lock.locked())
print(lock.acquire_lock(False), lock.acquire_lock(True, 0.01), lock.acquire_lock(timeout=0))
print(lock.release_lock(), lock.locked_lock())
try:
    lock.release_lock()
except RuntimeError as e:
    print(e)
