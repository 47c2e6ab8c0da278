# since 3.13
# shutdown() any number of times, in any order of immediate and not.
import queue

for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    for flags in ((False, False), (False, True), (True, False), (True, True), (0, 1, 0)):
        for items in (0, 2):
            q = kind()
            for i in range(items):
                q.put(i)
            sizes = []
            for immediate in flags:
                q.shutdown(immediate)
                sizes.append((q.qsize(), q.unfinished_tasks))
            left = []
            while True:
                try:
                    left.append(q.get())
                except queue.ShutDown:
                    break
            print(kind.__name__, flags, items, sizes, left, q.is_shutdown)
