# Any number of threads may join one, any number of times.
import threading

done = threading.Event()
slow = threading.Thread(target=done.wait)
slow.start()
results = []
lock = threading.Lock()


def joiner(timeout):
    slow.join(timeout)
    alive = slow.is_alive()
    slow.join(timeout)
    with lock:
        results.append((timeout, alive))


quitters = [threading.Thread(target=joiner, args=(0.01,)) for _ in range(3)]
patient = [threading.Thread(target=joiner, args=(t,)) for t in (None, None, 30, 30)]
for t in quitters + patient:
    t.start()
for t in quitters:
    t.join()
print(results)
done.set()
for t in patient:
    t.join()
print(sorted(results[3:], key=str))
slow.join()
slow.join()
print(slow.is_alive())

# A chain, joined from its end.
threads = []
order = []
for i in range(5):
    before = threads[-1].join if threads else done.wait
    threads.append(threading.Thread(target=lambda f, i: (f(), order.append(i)), args=(before, i)))
for t in threads:
    t.start()
threads[-1].join()
print(order, [t.is_alive() for t in threads])
