# get() on an empty queue waits until something comes.
import queue
import threading

for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue):
    q = kind()
    order = []

    def getter():
        item = q.get()
        order.append(item)

    thread = threading.Thread(target=getter)
    thread.start()
    thread.join(0.02)
    print(kind.__name__, thread.is_alive(), order)
    order.append("put")
    q.put("item")
    thread.join()
    print(order, q.empty())

    # Many wait, each item wakes one.
    got = queue.SimpleQueue()
    threads = [threading.Thread(target=lambda: got.put(q.get())) for _ in range(5)]
    for t in threads:
        t.start()
    for i in range(5):
        q.put(i)
        print(got.get(timeout=30), end=" ")
        try:
            got.get(timeout=0.005)
        except queue.Empty:
            print("one only")
    for t in threads:
        t.join()
