# since 3.12
# RLock._recursion_count: the depth for the owner, 0 for everyone else.
import threading


def elsewhere(f):
    results = []
    thread = threading.Thread(target=lambda: results.append(f()))
    thread.start()
    thread.join()
    return results[0]


lock = threading.RLock()
print(lock._recursion_count())
for i in range(3):
    lock.acquire()
    print(lock._recursion_count(), elsewhere(lock._recursion_count))
state = lock._release_save()
print(lock._recursion_count())
lock._acquire_restore(state)
print(lock._recursion_count())
for i in range(3):
    lock.release()
    print(lock._recursion_count())
