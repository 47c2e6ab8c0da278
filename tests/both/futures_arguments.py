# What ThreadPoolExecutor() refuses, and its types.
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor

for kwargs in (
    {"max_workers": 0},
    {"max_workers": -1},
    {"initializer": 1},
    {"max_workers": 2, "initializer": "no"},
):
    try:
        ThreadPoolExecutor(**kwargs)
        print("made")
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
pool = ThreadPoolExecutor()
print(isinstance(pool, Executor), 5 <= pool._max_workers <= 32)
with pool as inner:
    print(inner is pool)
print(issubclass(BrokenExecutor, RuntimeError))
try:
    pool.shutdown(True, False)
except TypeError as e:
    print(type(e).__name__)

base = Executor()
try:
    base.submit(print, 1)
except NotImplementedError as e:
    print(type(e).__name__, e)
print(base.shutdown(), base.shutdown(wait=False, cancel_futures=True))


class Immediate(Executor):
    def submit(self, fn, *args, **kwargs):
        from concurrent.futures import Future

        f = Future()
        f.set_result(fn(*args, **kwargs))
        return f

    def shutdown(self, wait=True):
        print("shutdown", wait)


with Immediate() as pool:
    print(list(pool.map(pow, (2, 3), (3, 2))))
