# repr() of Semaphore and BoundedSemaphore.
import threading


def plain(object):
    head, at, tail = repr(object).partition(" at 0x")
    address, colon, tail = tail.partition(":")
    return head + at + "ADDRESS" * (int(address, 16) > 0) + colon + tail


semaphore = threading.Semaphore()
print(plain(semaphore))
semaphore.release(4)
print(plain(semaphore), str(semaphore) == repr(semaphore))
semaphore.acquire()
print(plain(semaphore))
print(plain(threading.Semaphore(0)))
semaphore = threading.BoundedSemaphore(3)
print(plain(semaphore))
semaphore.acquire()
semaphore.acquire()
print(plain(semaphore))
print(plain(threading.BoundedSemaphore(0)))
