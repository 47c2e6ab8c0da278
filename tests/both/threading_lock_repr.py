# repr() of Lock and RLock.
import threading


def plain(object):
    # Replaces the address.
    head, at, tail = repr(object).partition(" at 0x")
    digits = tail.rstrip(">")
    return head + at + "ADDRESS" * (int(digits, 16) > 0) + ">"


lock = threading.Lock()
print(plain(lock))
lock.acquire()
print(plain(lock))
lock.release()
print(plain(lock), str(lock) == repr(lock))
other = threading.Lock()
print(repr(other) != repr(lock))
print(type(lock).__name__, type(threading.RLock()).__name__)
