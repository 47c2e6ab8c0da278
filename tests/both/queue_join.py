# join() waits until each item has been reported done.
import queue
import threading

for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    q = kind()
    print(q.join(), q.unfinished_tasks)

    done = []
    lock = threading.Lock()

    def worker():
        while True:
            item = q.get()
            if item < 0:
                q.task_done()
                break
            with lock:
                done.append(item)
            q.task_done()

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for t in threads:
        t.start()
    for round in range(2):
        for i in range(30):
            q.put(i)
        q.join()
        print(sorted(done) == list(range(30)), q.unfinished_tasks, q.qsize())
        done.clear()
    for t in threads:
        q.put(-1)
    q.join()
    for t in threads:
        t.join()
    print(q.join(), q.unfinished_tasks)

# Several may join; an empty queue is not yet a finished one.
q = queue.Queue()
q.put(1)
q.put(2)
log = []
threads = [threading.Thread(target=lambda: (q.join(), log.append("joined"))) for _ in range(3)]
for t in threads:
    t.start()
q.get()
q.get()
q.task_done()
threads[0].join(0.02)
print(q.empty(), log)
log.append("last")
q.task_done()
for t in threads:
    t.join()
print(log)
