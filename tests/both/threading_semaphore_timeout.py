# Semaphore.acquire(timeout=...): False after the time, True when released in time.
import threading
import time


def timed(*args, **kwargs):
    start = time.time()
    result = semaphore.acquire(*args, **kwargs)
    return result, time.time() - start


for kind in (threading.Semaphore, threading.BoundedSemaphore):
    semaphore = kind(1)
    print(semaphore.acquire(timeout=0), semaphore.acquire(timeout=0))
    for timeout in (0, -1, 0.05, 0.2):
        result, seconds = timed(timeout=timeout)
        print(timeout, result, timeout - 0.002 <= seconds < 5)
    print(semaphore.acquire(True, 0.01))

    # The attempts above have taken nothing.
    print(semaphore.release(), semaphore.acquire(True, 5), semaphore.acquire(True, 0.01))

    for timeout in (30, threading.TIMEOUT_MAX):
        results = []
        thread = threading.Thread(target=lambda: results.append(timed(timeout=timeout)))
        thread.start()
        thread.join(0.02)
        print(results)
        semaphore.release()
        thread.join()
        print(results[0][0], results[0][1] < 5, semaphore.acquire(False))
