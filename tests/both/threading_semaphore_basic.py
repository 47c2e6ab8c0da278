# Semaphore: counts, with, values, keyword.
import threading

semaphore = threading.Semaphore()
print(semaphore.acquire(), semaphore.acquire(False), semaphore.release())
print(semaphore.acquire(blocking=False), semaphore.acquire(blocking=False, timeout=None))
semaphore.release()
semaphore.release()
print(semaphore.acquire(True), semaphore.acquire(0), semaphore.acquire(False))

for value in (0, 1, 3):
    semaphore = threading.Semaphore(value=value)
    count = 0
    while semaphore.acquire(blocking=False):
        count += 1
    print(value, count)

semaphore = threading.Semaphore(2)
with semaphore as entered:
    with semaphore:
        print(entered, semaphore.acquire(False))
    print(semaphore.acquire(False), semaphore.release())
print(semaphore.acquire(False), semaphore.acquire(False), semaphore.acquire(False))
try:
    semaphore.release()
    with semaphore:
        raise ValueError("body")
except ValueError as e:
    print(e, semaphore.acquire(False))
print(semaphore.release(), semaphore.__enter__(), semaphore.__exit__(None, None, None))
print(semaphore.acquire(timeout=None), semaphore.acquire(False))

# A thread waits until another one releases.
order = []


def waiter():
    order.append(semaphore.acquire())


thread = threading.Thread(target=waiter)
thread.start()
thread.join(0.02)
print(thread.is_alive(), order)
order.append("release")
semaphore.release()
thread.join()
print(order, semaphore.acquire(False))
