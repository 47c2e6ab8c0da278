# A pipeline of threads through bounded queues, ended by None.
import queue
import threading


def stage(source, sink, f):
    while True:
        item = source.get(block=True)
        if item is None:
            sink.put(None)
            break
        sink.put(f(item))


queues = [queue.Queue(2) for _ in range(4)]
functions = [lambda x: x + 1, lambda x: x * 10, str]
threads = [
    threading.Thread(target=stage, args=(queues[i], queues[i + 1], f))
    for i, f in enumerate(functions)
]
for t in threads:
    t.start()
feeder = threading.Thread(target=lambda: [queues[0].put(i) for i in list(range(30)) + [None]])
feeder.start()
items = []
while True:
    item = queues[3].get()
    if item is None:
        break
    items.append(item)
for t in threads + [feeder]:
    t.join()
print(items)
print([q.qsize() for q in queues], [q.unfinished_tasks for q in queues])
