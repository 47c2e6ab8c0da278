# map(): the timeout counts from the call of map(); what waits for a thread is cancelled then.
import threading
import time
from concurrent.futures import ThreadPoolExecutor, TimeoutError

go = threading.Event()
busy = threading.Event()
ran = []


def work(i):
    if i == 1:
        busy.set()
        go.wait()
    ran.append(i)
    return i


for timeout in (0.05, 0):
    go.clear()
    busy.clear()
    ran.clear()
    with ThreadPoolExecutor(1) as pool:
        start = time.time()
        results = pool.map(work, range(5), timeout=timeout)
        busy.wait()
        try:
            if timeout:
                print(next(results))
            print(list(results))
        except TimeoutError as e:
            took = time.time() - start
            print(type(e).__name__, e, timeout - 0.002 <= took < 5)
        go.set()
    print(timeout, 4 not in ran)

with ThreadPoolExecutor(1) as pool:
    go.clear()
    busy.clear()
    ran.clear()
    results = pool.map(work, range(5))
    print(next(results))
    busy.wait()
    results.close()
    go.set()
print(4 not in ran)
