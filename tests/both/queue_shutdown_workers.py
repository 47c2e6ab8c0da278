# since 3.13
# Workers that end by ShutDown: each item put before is handled once.
import queue
import threading


def worker():
    while True:
        try:
            item = q.get()
        except queue.ShutDown:
            with lock:
                ended.append("ShutDown")
            break
        with lock:
            handled.append(item)
        q.task_done()


lock = threading.Lock()
for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = kind(5)
    handled = []
    ended = []
    threads = [threading.Thread(target=worker) for _ in range(3)]
    for t in threads:
        t.start()
    for i in range(50):
        q.put(i)
    q.shutdown()
    q.join()
    for t in threads:
        t.join()
    print(sorted(handled) == list(range(50)), ended, q.unfinished_tasks)
