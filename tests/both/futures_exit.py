# The end of the program without shutdown(): what was submitted is run, nothing can be added.
import threading
from concurrent.futures import ThreadPoolExecutor

ended = threading.Event()
started = threading.Event()
threading._register_atexit(ended.set)


def late(pool):
    started.set()
    # Registered after the pool's own function, so called before it.
    ended.wait()
    try:
        while True:
            pool.submit(int)
    except RuntimeError as e:
        print(type(e).__name__, e)


pools = [ThreadPoolExecutor(1, "pool"), ThreadPoolExecutor(2)]
first = pools[0].submit(late, pools[0])
started.wait()
pools[0].submit(print, "waited for a thread")
print(pools[1].submit(str, 5).result(), [t.daemon for t in pools[1]._threads])
print("main ends")
