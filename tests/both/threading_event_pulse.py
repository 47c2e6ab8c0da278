# A waiter woken by set() gets True although clear() follows at once.
import threading
import time


def waiter(timeout):
    ready.release()
    results.append(event.wait(timeout))
    done.release()


event = threading.Event()
ready = threading.Semaphore(0)
done = threading.Semaphore(0)
for timeout in (None, 30):
    results = []
    threads = [threading.Thread(target=waiter, args=(timeout,)) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        ready.acquire()
    # One that was not yet in wait() when the pulse came is reached by a later one.
    pulses = 0
    while len(results) < 3 and pulses < 2000:
        time.sleep(0.005)
        event.set()
        event.clear()
        pulses += 1
    print(pulses < 2000, event.is_set(), [done.acquire(timeout=10) for t in threads])
    for t in threads:
        t.join()
    print(results)
