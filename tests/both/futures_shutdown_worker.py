# A call that shuts its own pool down: no deadlock, but it cannot wait for itself.
from concurrent.futures import ThreadPoolExecutor

for wait, cancel in ((False, False), (True, False), (False, True)):
    pool = ThreadPoolExecutor(1)
    f = pool.submit(pool.shutdown, wait=wait, cancel_futures=cancel)
    try:
        print(f.result())
    except RuntimeError as e:
        print(type(e).__name__, e)
    try:
        pool.submit(print)
    except RuntimeError as e:
        print(type(e).__name__, e)
    pool.shutdown()
    print([t.is_alive() for t in pool._threads])
