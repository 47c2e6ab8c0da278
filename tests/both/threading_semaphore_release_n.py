# Semaphore.release(n) lets n in.
import threading

semaphore = threading.Semaphore(0)
semaphore.release(3)
print([semaphore.acquire(False) for _ in range(4)])
semaphore.release(n=2)
print([semaphore.acquire(False) for _ in range(3)])

passed = threading.Semaphore(0)
threads = []
for i in range(7):
    threads.append(threading.Thread(target=lambda: (semaphore.acquire(), passed.release())))
    threads[-1].start()
for n in (1, 2, 4):
    semaphore.release(n)
    print(n, [passed.acquire(timeout=10) for _ in range(n)], passed.acquire(timeout=0.02))
for t in threads:
    t.join()
print(semaphore.acquire(False))

# More than there are waiters: the rest stays.
thread = threading.Thread(target=semaphore.acquire)
thread.start()
semaphore.release(3)
thread.join()
print([semaphore.acquire(False) for _ in range(3)])
