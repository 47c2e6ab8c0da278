# put() on a full queue waits until there is room; nothing is lost and the order holds.
import queue
import threading

q = queue.Queue(1)
q.put("first")
order = []


def putter():
    q.put("second")
    order.append("put")


thread = threading.Thread(target=putter)
thread.start()
thread.join(0.02)
print(thread.is_alive(), order, q.qsize())
order.append("get")
print(q.get())
thread.join()
print(order, q.get(), q.empty())

# One producer far ahead of its consumer is held back by the limit.
for maxsize in (1, 2, 10):
    q = queue.Queue(maxsize)
    sizes = []
    thread = threading.Thread(target=lambda: [q.put(i) for i in range(200)])
    thread.start()
    items = []
    for i in range(200):
        items.append(q.get())
        sizes.append(q.qsize())
    thread.join()
    print(maxsize, items == list(range(200)), max(sizes) <= maxsize, q.empty())

# Many putters wait, each get lets one in.
q = queue.Queue(1)
threads = [threading.Thread(target=q.put, args=(i,)) for i in range(5)]
for t in threads:
    t.start()
print(sorted(q.get() for _ in range(5)))
for t in threads:
    t.join()
print(q.empty(), q.unfinished_tasks)
