# What a thread that waits for an item costs.
import threading, queue
from ram import resident, report

jobs = queue.Queue()


def start(n):
    threads = [threading.Thread(target=jobs.get, daemon=True) for _ in range(n)]
    for thread in threads:
        thread.start()
    while sum(thread.is_alive() for thread in threads) < n:
        pass
    done = threading.Event()
    threading.Timer(0.05, done.set).start()  # they have come to rest
    done.wait()


start(4)
before = resident()
start(32)
report("a blocked thread", (resident() - before + 31) // 32, 8)
