# RLock: what Condition uses: _is_owned, _release_save, _acquire_restore.
import threading


def elsewhere(f, *args):
    results = []
    thread = threading.Thread(target=lambda: results.append(f(*args)))
    thread.start()
    thread.join()
    return results[0]


lock = threading.RLock()
print(lock._is_owned(), elsewhere(lock._is_owned))
lock.acquire()
lock.acquire()
lock.acquire()
print(lock._is_owned(), elsewhere(lock._is_owned))

state = lock._release_save()
print(lock._is_owned(), elsewhere(lock.acquire, False))

# The other thread has ended with the lock held; a lock of our own goes on.
lock = threading.RLock()
for i in range(3):
    lock.acquire()
state = lock._release_save()
print(lock._is_owned())
print(lock._acquire_restore(state), lock._is_owned())
for i in range(3):
    lock.release()
    print(lock._is_owned())
try:
    lock.release()
except RuntimeError as e:
    print(e)
try:
    lock._release_save()
except RuntimeError as e:
    print(e)
