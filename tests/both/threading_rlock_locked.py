# since 3.14
# RLock.locked: held by anyone.
import threading


def elsewhere(f):
    results = []
    thread = threading.Thread(target=lambda: results.append(f()))
    thread.start()
    thread.join()
    return results[0]


lock = threading.RLock()
print(lock.locked(), elsewhere(lock.locked))
lock.acquire()
lock.acquire()
print(lock.locked(), elsewhere(lock.locked))
lock.release()
print(lock.locked(), elsewhere(lock.locked))
lock.release()
print(lock.locked(), elsewhere(lock.locked))
with lock:
    print(lock.locked())
print(lock.locked())
