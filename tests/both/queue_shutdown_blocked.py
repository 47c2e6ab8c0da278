# since 3.13
# shutdown() wakes all blocked callers of get, put and join.
import queue
import threading


def call(f, *args):
    ready.release()
    try:
        result = f(*args)
    except Exception as e:
        result = type(e).__name__
    with lock:
        results.append(result)


def start(n, f, *args):
    threads = [threading.Thread(target=call, args=(f,) + args) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        ready.acquire()
    threads[0].join(0.02)
    return threads


def finish(threads):
    for t in threads:
        t.join()
    print(results)
    results.clear()


ready = threading.Semaphore(0)
lock = threading.Lock()
results = []
for immediate in (False, True):
    for timeout in (None, 30):
        # Getters.
        q = queue.Queue()
        threads = start(3, q.get, True, timeout)
        print(results)
        q.shutdown(immediate)
        finish(threads)

        # Putters. Without `immediate` what is in stays in.
        q = queue.Queue(1)
        q.put("in")
        threads = start(3, q.put, "new", True, timeout)
        print(results)
        q.shutdown(immediate)
        finish(threads)
        print(q.qsize(), q.unfinished_tasks)

    # Joiners wait on as long as something is unfinished.
    q = queue.Queue()
    q.put("in")
    threads = start(2, q.join)
    q.shutdown(immediate)
    threads[0].join(0.02)
    with lock:
        print(len(results) if not immediate else "not counted", q.unfinished_tasks)
    if not immediate:
        print(q.get(), q.task_done())
    finish(threads)
