# CPython's own concurrent.futures: a pool that maps, fails, is cancelled and waited for.
import threading
from concurrent import futures
from concurrent.futures import _base  # CPython's, not ours

print(_base.PENDING, _base.Future is futures.Future)

with futures.ThreadPoolExecutor(max_workers=4) as pool:
    print(list(pool.map(pow, range(10), range(10))))
    calls = [pool.submit(int, text) for text in ("1", "two", "3")]
    done, not_done = futures.wait(calls)
    print(len(done), len(not_done), [type(f.exception()).__name__ for f in calls])
    print(sum(f.result() for f in futures.as_completed(calls) if f.exception() is None))
    seen = []
    calls[0].add_done_callback(lambda f: seen.append(f.result()))
    print(seen)

go = threading.Event()
pool = futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="pool")
first = pool.submit(lambda: (go.wait(), threading.current_thread().name))
second = pool.submit(str)
print(second.cancel(), second.cancelled(), first.cancel())
try:
    first.result(timeout=0.01)
except _base.TimeoutError:
    print("timeout")
go.set()
print(first.result())
pool.shutdown()
try:
    pool.submit(str)
except RuntimeError as e:
    print(e)


def fail():
    raise ValueError("not ready")


with futures.ThreadPoolExecutor(1, initializer=fail) as pool:
    try:
        print(pool.submit(str).result())
    except futures.BrokenExecutor as e:
        print(e)

# Left to the end of the program.
futures.ThreadPoolExecutor(2).submit(print, "last")
