# Timeouts a little less than nothing, and a little beside the -1 that means none.
# not-pure: its unit of time is the millisecond
import queue
import threading


def outcome(f, *args, **kwargs):
    try:
        return f(*args, **kwargs)
    except (ValueError, queue.Empty) as e:
        return type(e).__name__


locks = [threading.Lock(), threading.RLock()]
for lock in locks:
    for timeout in (-1e-10, -1.0000000001, -0.9999999999, -1, -1.0, 0.0, -0.0, 1e-10):
        result = outcome(lock.acquire, True, timeout)
        print(timeout, result)
        if result is True:
            lock.release()
event = threading.Event()
semaphore = threading.Semaphore(0)
condition = threading.Condition()
for timeout in (-1e-10, -1e-300, -0.0, 1e-300):
    with condition:
        print(event.wait(timeout), semaphore.acquire(timeout=timeout), condition.wait(timeout))
    print(outcome(queue.Queue().get, True, timeout))
