# put() with a timeout on a full queue.
import queue
import threading
import time


def timed(*args, **kwargs):
    start = time.time()
    try:
        result = q.put("new", *args, **kwargs)
    except queue.Full:
        result = "Full"
    return result, time.time() - start


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = kind(1)
    print(timed(True, 0)[0], timed(True, 0)[0])
    for timeout in (0, 0.05, 0.15):
        result, seconds = timed(timeout=timeout)
        print(timeout, result, timeout - 0.002 <= seconds < 5)
    print(q.qsize(), q.unfinished_tasks)

    # Room comes in time.
    for timeout in (30, None):
        results = []
        thread = threading.Thread(target=lambda: results.append(timed(True, timeout)))
        thread.start()
        thread.join(0.02)
        print(results)
        print(q.get())
        thread.join()
        print(results[0][0], results[0][1] < 5, q.qsize())
