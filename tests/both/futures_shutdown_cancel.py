# shutdown(cancel_futures=True): what waits for a thread is cancelled, what runs is finished.
import threading
from concurrent.futures import ThreadPoolExecutor

go = threading.Event()
started = threading.Barrier(3)
called = []


def block(i):
    started.wait(30)
    go.wait()
    return i


pool = ThreadPoolExecutor(2)
running = [pool.submit(block, i) for i in range(2)]
started.wait(30)
waiting = [pool.submit(block, i) for i in range(5)]
for f in waiting:
    f.add_done_callback(lambda f: called.append(f.cancelled()))
waiting[2].cancel()
pool.shutdown(wait=False, cancel_futures=True)
print([f.cancelled() for f in running], [f.cancelled() for f in waiting], called)
go.set()
pool.shutdown()
print([f.result() for f in running], [f.running() for f in waiting])
