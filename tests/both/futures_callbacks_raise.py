# An exception in a callback is written to stderr; the next one is called, the thread goes on.
# stderr
from concurrent.futures import Future, ThreadPoolExecutor


def fail(f):
    raise ValueError("from the callback")


f = Future()
f.add_done_callback(fail)
f.add_done_callback(lambda f: print("next", f.result()))
f.set_result(1)
f.add_done_callback(fail)

f = Future()
f.add_done_callback(fail)
print(f.cancel())

f = Future()
f.add_done_callback(fail)
with ThreadPoolExecutor(1) as pool:
    f = pool.submit(int, "7")
    f.add_done_callback(fail)
    print(f.result(), pool.submit(int, "8").result())


class Stop(BaseException):
    pass


def stop(f):
    raise Stop("not an Exception")


f = Future()
f.add_done_callback(stop)
f.add_done_callback(lambda f: print("not called"))
try:
    f.set_result(1)
except Stop as e:
    print(type(e).__name__, e, f.done())
