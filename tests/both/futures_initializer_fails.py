# An initializer that raises breaks the pool: what waits fails, and so does every later call.
# stderr
import threading
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor

go = threading.Event()


def fail(text):
    go.wait()
    raise ValueError(text)


pool = ThreadPoolExecutor(1, initializer=fail, initargs=("not ready",))
futures = [pool.submit(str, i) for i in range(3)]
print([f.done() for f in futures])
go.set()
for f in futures:
    try:
        print(f.result())
    except BrokenExecutor as e:
        print(type(e).__name__, e)
for act in (lambda: pool.submit(str), lambda: pool.map(str, [1])):
    try:
        act()
    except BrokenExecutor as e:
        print(type(e).__name__, e)
pool.shutdown()
try:
    pool.submit(str)
except RuntimeError as e:
    print(type(e).__name__, e)
