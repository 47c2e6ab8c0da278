# BoundedSemaphore: never above its first value.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


semaphore = threading.BoundedSemaphore()
error(semaphore.release)
print(semaphore.acquire(), semaphore.acquire(False), semaphore.release())
error(semaphore.release)

semaphore = threading.BoundedSemaphore(value=3)
error(semaphore.release)
print([semaphore.acquire(False) for _ in range(4)])
error(semaphore.release, 4)
print(semaphore.acquire(False), semaphore.release(2))
error(semaphore.release, 2)
print(semaphore.acquire(False), semaphore.acquire(False), semaphore.acquire(False))
print(semaphore.release(n=3))
error(semaphore.release)
with semaphore as entered:
    print(entered, repr(semaphore).partition(": ")[2])
print(repr(semaphore).partition(": ")[2])
error(semaphore.__exit__, None, None, None)

semaphore = threading.BoundedSemaphore(0)
error(semaphore.release)
print(semaphore.acquire(False))
print(isinstance(semaphore, threading.Semaphore))

# Used by several threads as a limit.
semaphore = threading.BoundedSemaphore(3)
guard = threading.Lock()
inside = most = 0


def work():
    global inside, most
    for i in range(50):
        with semaphore:
            with guard:
                inside += 1
                most = max(most, inside)
            with guard:
                inside -= 1


threads = [threading.Thread(target=work) for _ in range(6)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(inside, 1 <= most <= 3, repr(semaphore).partition(": ")[2])
