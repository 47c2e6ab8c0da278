# Many queues at once, many items in one, collections in between.
import gc
import queue
import threading

queues = [queue.Queue() for _ in range(50)]
for i in range(2000):
    queues[i % 50].put([i])
gc.collect()
print(sum(q.get()[0] for q in queues for _ in range(40)) == sum(range(2000)))

q = queue.Queue()
s = queue.SimpleQueue()


def fill():
    for i in range(1000):
        q.put("item %d" % i)
        s.put(["item", i])


thread = threading.Thread(target=fill)
thread.start()
good = 0
for i in range(1000):
    if i % 100 == 0:
        gc.collect()
    good += q.get() == "item %d" % i
    good += s.get() == ["item", i]
thread.join()
print(good, q.empty(), s.empty())
