# A subclass of Semaphore that counts what it is asked.
import threading


class Counting(threading.Semaphore):
    def __init__(self, value, name):
        super().__init__(value)
        self.name = name
        self.asked = 0

    def acquire(self, *args, **kwargs):
        self.asked += 1
        return super().acquire(*args, **kwargs)


semaphore = Counting(2, "gate")
print([semaphore.acquire(False) for _ in range(3)], semaphore.asked, semaphore.name)
semaphore.release(2)
print(semaphore.acquire(timeout=1), semaphore.asked)
print(type(semaphore).__name__, isinstance(semaphore, threading.Semaphore))
try:
    Counting(-1, "bad")
except ValueError as e:
    print(e)
