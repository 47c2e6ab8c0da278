# A call that waits for a thread can be cancelled; one that runs cannot.
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait

go = threading.Event()
started = threading.Event()
ran = []


def block():
    started.set()
    go.wait()
    return "blocked"


with ThreadPoolExecutor(1) as pool:
    first = pool.submit(block)
    started.wait()
    others = [pool.submit(ran.append, i) for i in range(4)]
    print(first.running(), [f.running() for f in others], [f.done() for f in others])
    print(first.cancel(), others[1].cancel(), others[1].cancel(), others[3].cancel())
    print([f.cancelled() for f in others], [f.done() for f in others])
    try:
        others[1].result()
    except CancelledError as e:
        print(type(e).__name__, repr(e)[:16])
    # Cancelled, but no thread has met it yet.
    print([len(fs) for fs in wait([others[3]], timeout=0)])
    go.set()
    print([len(fs) for fs in wait(others)])
print(first.result(), ran, first.cancel(), others[0].cancel())
