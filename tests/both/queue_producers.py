# Several producers and consumers: every item comes out once.
import queue
import threading

PRODUCERS = 4
CONSUMERS = 3
ITEMS = 150


def produce(q, number):
    for i in range(ITEMS):
        q.put(number * ITEMS + i)


def consume(q, out):
    while True:
        item = q.get()
        if item == STOP:
            break
        out.append(item)


STOP = 10**6
for q in (
    queue.Queue(),
    queue.Queue(1),
    queue.Queue(5),
    queue.PriorityQueue(),
    queue.PriorityQueue(3),
    queue.SimpleQueue(),
    queue.LifoQueue(4),
):
    outs = [[] for _ in range(CONSUMERS)]
    producers = [threading.Thread(target=produce, args=(q, n)) for n in range(PRODUCERS)]
    consumers = [threading.Thread(target=consume, args=(q, out)) for out in outs]
    for t in consumers + producers:
        t.start()
    for t in producers:
        t.join()
    if isinstance(q, queue.LifoQueue):
        while not q.empty():
            pass
    for t in consumers:
        q.put(STOP)
    for t in consumers:
        t.join()
    items = sorted(item for out in outs for item in out)
    print(type(q).__name__, len(items), items == list(range(PRODUCERS * ITEMS)), q.qsize())

# What one producer puts arrives in its order.
q = queue.Queue(3)
threads = [threading.Thread(target=produce, args=(q, n)) for n in range(2)]
for t in threads:
    t.start()
items = [q.get() for _ in range(2 * ITEMS)]
for t in threads:
    t.join()
print([i for i in items if i < ITEMS] == list(range(ITEMS)))
print([i for i in items if i >= ITEMS] == list(range(ITEMS, 2 * ITEMS)))
