# Each kind of queue: blocked put() and get(), timeouts, what ends them, and the order afterwards.
import queue
import threading
import time


def blocked(f, *args):
    """A thread in f(*args), whose result or exception is appended to the list returned."""
    results = []

    def call():
        try:
            results.append(f(*args))
        except (queue.Full, queue.Empty) as e:
            results.append(type(e).__name__)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join(0.02)
    return thread, results


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = kind(maxsize=2)
    thread, results = blocked(q.get)
    print(kind.__name__, thread.is_alive(), results)
    q.put(2)
    thread.join()
    print(results, q.qsize(), q.unfinished_tasks)

    q.put(2)
    q.put(1)
    thread, results = blocked(q.put, 3)
    print(thread.is_alive(), q.full(), q.qsize())
    first = q.get()
    thread.join()
    print(results, q.full(), first, q.get(), q.get(), q.empty())

    # Two that wait, one at a time is let through.
    pairs = [blocked(q.get, True, 30) for _ in range(2)]
    q.put("a")
    while not pairs[0][1] and not pairs[1][1]:
        pairs[0][0].join(0.001)
    print(sorted(thread.is_alive() for thread, results in pairs if not results))
    q.put("b")
    for thread, _ in pairs:
        thread.join()
    print(sorted(pairs[0][1] + pairs[1][1]), q.empty())

    for f, args in ((q.get, ()), (q.put, (9,))):
        for i in range(2 if f == q.put else 0):
            q.put(i)
        start = time.time()
        thread, results = blocked(f, *(args + (True, 0.05)))
        thread.join()
        print(results, 0.048 <= time.time() - start < 5, q.qsize())
        # Not blocking: the timeout is ignored, also one that is refused elsewhere.
        for timeout in (None, 30, -1):
            try:
                print(f(*args, block=False, timeout=timeout))
            except (queue.Full, queue.Empty) as e:
                print(type(e).__name__)
    # More room, by hand.
    thread, results = blocked(q.put, 7)
    with q.mutex:
        q.maxsize = 3
        q.not_full.notify()
    thread.join()
    print(q.qsize(), q.full(), [q.get() for _ in range(3)])
    for i in range(q.unfinished_tasks):
        q.task_done()
    print(q.join(), q.unfinished_tasks)
