# Every object with acquire() and release() is a context manager: taken inside, free after any end.
import threading


def free(lock):
    """Whether another thread could have it."""
    results = []

    def ask():
        results.append(lock.acquire(blocking=False))
        if results[0]:
            lock.release()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return results[0]


def leave(lock):
    with lock:
        return free(lock)


for make in (
    threading.Lock,
    threading.RLock,
    threading.Condition,
    threading.Semaphore,
    threading.BoundedSemaphore,
    lambda: threading.Condition(threading.Lock()),
):
    lock = make()
    with lock as entered:
        print(entered, free(lock))
    print(free(lock), leave(lock), free(lock))
    try:
        with lock:
            raise ValueError("inside")
    except ValueError as e:
        print(e, free(lock))
    for i in range(3):
        with lock:
            if i == 0:
                continue
            if i == 1:
                break
    print(free(lock))
    # Released inside: the end of the block releases once more.
    try:
        with lock:
            lock.release()
        print("no error")
    except (RuntimeError, ValueError) as e:
        print(type(e).__name__, e)

for lock in (threading.RLock(), threading.Condition(), threading.Semaphore(2)):
    with lock:
        with lock:
            print(free(lock))
    print(free(lock))
