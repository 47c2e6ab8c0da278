# Many threads in all kinds of waits at the end, all released by one.
import queue
import threading

results = []
lock = threading.Lock()
lock.acquire()
event = threading.Event()
jobs = queue.Queue()
semaphore = threading.Semaphore(0)
ended = threading.Semaphore(0)


def wrap(f):
    def run():
        f()
        with guard:
            results.append(1)
        ended.release()

    return run


guard = threading.Lock()
waits = [
    event.wait,
    jobs.get,
    semaphore.acquire,
    lambda: event.wait(60),
    lambda: jobs.get(timeout=60),
]
for f in waits * 3:
    threading.Thread(target=wrap(f)).start()


def release():
    threading.main_thread().join()
    print("main is done", len(results))
    event.set()
    for i in range(6):
        jobs.put(i)
    semaphore.release(3)
    for i in range(15):
        ended.acquire()
    print("all ended", len(results))


threading.Thread(target=release).start()
print("main ends", threading.active_count())
