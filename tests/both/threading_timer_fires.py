# Timer calls its function once, after the interval, with its arguments, in a thread of its own.
import threading
import time


def call(*args, **kwargs):
    log.append((args, sorted(kwargs.items()), threading.current_thread() is timer))
    called.append(time.time())


for interval, args, kwargs in (
    (0, None, None),
    (0.05, [1, 2], None),
    (0.1, (3,), {"a": 4}),
    (-1, [], {}),
):
    log = []
    called = []
    timer = threading.Timer(interval, call, args, kwargs)
    start = time.time()
    timer.start()
    print(timer.finished.wait(30))
    timer.join()
    print(interval, log, interval - 0.002 <= called[0] - start < 5)
    print(timer.is_alive(), timer.finished.is_set())

log = []
timer = threading.Timer(interval=0, function=call, args=[5], kwargs={"b": 6})
timer.start()
timer.join()
print(log)
try:
    timer.start()
except RuntimeError as e:
    print(e)

# run() without a thread.
log = []
timer = threading.Timer(0.01, lambda: log.append(threading.current_thread().name))
timer.run()
print(log, timer.finished.is_set(), timer.is_alive())
