# get() with a timeout on an empty queue.
import queue
import threading
import time


def timed(*args, **kwargs):
    start = time.time()
    try:
        result = q.get(*args, **kwargs)
    except queue.Empty:
        result = "Empty"
    return result, time.time() - start


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue):
    q = kind()
    for timeout in (0, 0.05, 0.15):
        result, seconds = timed(timeout=timeout)
        print(timeout, result, timeout - 0.002 <= seconds < 5)
    q.put("there")
    print(timed(True, 0)[0], timed(True, 0)[0])

    # Something comes in time.
    for timeout in (30, None):
        results = []
        thread = threading.Thread(target=lambda: results.append(timed(True, timeout)))
        thread.start()
        thread.join(0.02)
        print(results)
        q.put("late")
        thread.join()
        print(results[0][0], results[0][1] < 5, q.qsize())

    # Those who gave up take nothing.
    threads = [threading.Thread(target=timed, args=(True, 0.01)) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    q.put("kept")
    print(q.qsize(), q.get(timeout=30))
