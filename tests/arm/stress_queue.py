# Items go through queues between eight threads while others collect: none is lost.
import gc, queue, threading, time

end = time.time() + 10
queues = [queue.Queue(4) for _ in range(4)]
sent = [0] * 4
got = [0] * 4


def produce(i):
    n = 0
    while time.time() < end:
        queues[i].put((i, n, "item %d" % n))
        n += 1
    queues[i].put(None)
    sent[i] = n


def consume(i):
    item = queues[i].get()
    while item is not None:
        assert item == (i, got[i], "item %d" % got[i])
        got[i] += 1
        item = queues[i].get()


def collect():
    while time.time() < end:
        gc.collect()
        time.sleep(0.01)


threads = [threading.Thread(target=f, args=(i,)) for i in range(4) for f in (produce, consume)]
threads.append(threading.Thread(target=collect))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("lost", sum(sent) - sum(got), "some", min(sent) > 10)
