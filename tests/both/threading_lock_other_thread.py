# A lock may be released by a thread that has not acquired it.
import threading

lock = threading.Lock()
lock.acquire()
thread = threading.Thread(target=lock.release)
thread.start()
thread.join()
print(lock.locked())

# A waiter gets the lock only after another thread has let go.
order = []


def wait_for_lock():
    lock.acquire()
    order.append("acquired")


lock.acquire()
waiter = threading.Thread(target=wait_for_lock)
waiter.start()
waiter.join(0.05)
print(waiter.is_alive(), order)
order.append("releasing")
releaser = threading.Thread(target=lock.release)
releaser.start()
releaser.join()
waiter.join()
print(order, lock.locked())

# Acquired in a thread that has ended: still held.
thread = threading.Thread(target=threading.Lock().acquire)
thread.start()
thread.join()
print(lock.locked(), lock.acquire(False))
lock.release()
print(lock.locked())
