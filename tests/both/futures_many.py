# One pool for several threads, and calls that submit calls.
import threading
from concurrent.futures import ThreadPoolExecutor, wait

sums = []


def add(pool, numbers):
    sums.append(sum(f.result() for f in [pool.submit(pow, n, 2) for n in numbers]))


with ThreadPoolExecutor(4) as pool:
    threads = [
        threading.Thread(target=add, args=(pool, range(i, i + 100))) for i in range(0, 600, 100)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
print(sorted(sums))


def tree(depth):
    if depth == 0:
        return []
    return [pool.submit(tree, depth - 1) for _ in range(3)]


pool = ThreadPoolExecutor(3)
level = [pool.submit(tree, 5)]
while level:
    done, not_done = wait(level)
    print(len(done), len(not_done))
    level = [f for parent in level for f in parent.result()]
pool.shutdown()

# Two pools that feed each other.
with ThreadPoolExecutor(2) as a, ThreadPoolExecutor(2) as b:
    print(sum(a.map(lambda n: b.submit(lambda: n * n).result(), range(100))))
