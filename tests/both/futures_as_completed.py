# as_completed(): each future once, as it is done; the timeout is for all of them.
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError, as_completed

print(list(as_completed([])), list(as_completed(set(), timeout=0)))

futures = [Future() for _ in range(4)]
numbers = {f: i for i, f in enumerate(futures)}
futures[2].set_result(1)
futures[0].cancel()
got = []
both = threading.Semaphore(0)


def collect():
    for f in as_completed(futures + futures, timeout=30):
        got.append(numbers[f])
        both.release()


t = threading.Thread(target=collect)
t.start()
both.acquire()
print(got)
futures[0].set_running_or_notify_cancel()
both.acquire()
futures[3].set_exception(ValueError("no"))
both.acquire()
futures[1].set_result(1)
t.join()
print(got)

waiting = [futures[1], Future(), Future()]
for timeout in (0.05, 0, -1):
    start = time.time()
    count = 0
    try:
        for f in as_completed(waiting, timeout):
            count += 1
    except TimeoutError as e:
        took = time.time() - start
        print(type(e).__name__, e, count, max(timeout, 0) - 0.002 <= took < 5)

# An iterator that is closed early, and one that is never asked.
results = as_completed(waiting)
print(next(results) is waiting[0])
results.close()
as_completed(waiting)
waiting[1].set_result(1)
print(waiting[1].result(), len(list(as_completed(waiting[:2]))))

# Two at once see every future both.
with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(2) as watchers:
    calls = [pool.submit(pow, 2, i) for i in range(50)]
    sums = [watchers.submit(lambda: sum(f.result() for f in as_completed(calls))) for _ in "12"]
    print([f.result() == 2**50 - 1 for f in sums])
