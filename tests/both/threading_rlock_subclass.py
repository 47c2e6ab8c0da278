# The type of RLock objects may be subclassed, with an __init__ of its own arguments.
import threading


class NamedLock(type(threading.RLock())):
    def __init__(self, name, level=1):
        super().__init__()
        self.name = name
        self.level = level

    def acquire_twice(self):
        return self.acquire(), self.acquire(timeout=1)


lock = NamedLock("files", level=7)
print(lock.name, lock.level, type(lock).__name__)
print(lock.acquire_twice(), lock._is_owned())
lock.release()
print(lock._is_owned())
lock.release()
print(lock._is_owned())
with lock as entered:
    print(entered, lock._is_owned())
try:
    lock.release()
except RuntimeError as e:
    print(e)
condition = threading.Condition(lock)
with condition:
    print(lock._is_owned(), condition.wait(0.01))
print(lock._is_owned(), isinstance(lock, type(threading.RLock())))
