# Threads that start threads; active_count() falls back to 1.
import threading


def tree(depth):
    with lock:
        counts[depth] += 1
    if depth:
        children = [threading.Thread(target=tree, args=(depth - 1,)) for _ in range(2)]
        for t in children:
            t.start()
        for t in children:
            t.join()


lock = threading.Lock()
counts = [0] * 5
tree(4)
print(counts, threading.active_count())

# Hundreds of short threads.
total = []
for i in range(20):
    threads = [threading.Thread(target=total.append, args=(n,)) for n in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
print(len(total), sum(total), threading.active_count())
