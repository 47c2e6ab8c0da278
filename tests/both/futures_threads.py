# Threads are started on demand, up to max_workers, named, and used again.
import threading
from concurrent.futures import ThreadPoolExecutor


def name(_=None):
    return threading.current_thread().name


def names(pool, n):
    meeting = threading.Barrier(n)
    return sorted(pool.map(lambda _: (meeting.wait(30), name())[1], range(n)))


with ThreadPoolExecutor(100, thread_name_prefix="idle") as pool:
    print(len(pool._threads))
    print(pool.submit(name).result(), len(pool._threads))
    used = set(pool.submit(name).result() for _ in range(100))
    # The last one may not be back from its call when the next call comes.
    print("idle_0" in used, len(used) < 20)

with ThreadPoolExecutor(3, "full") as pool:
    print(names(pool, 3), names(pool, 3))
    print(sorted(set(pool.map(name, range(50))))[0][:5], len(pool._threads))

with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1, "") as second, ThreadPoolExecutor(
    1, "own"
) as third:
    for pool in (second, third, first):
        print(pool.submit(name).result())

# Calls that wait for each other need a thread each.
with ThreadPoolExecutor(8) as pool:
    for n in (2, 5, 8):
        print(len(set(names(pool, n))))
