# since 3.13
# A dummy thread cannot be joined, alive or dead, and it goes from enumerate() when it has died.
# not-pure: nothing tells of the end of a thread that is not threading's
import _thread
import threading
import time


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


def work():
    dummies.append(threading.current_thread())
    ready.set()
    done.wait()


dummies = []
ready = threading.Event()
done = threading.Event()
_thread.start_new_thread(work, ())
ready.wait()
error(dummies[0].join)
error(dummies[0].join, 1)
error(dummies[0].join, timeout=0)
print(dummies[0] in threading.enumerate())
done.set()
for i in range(500):
    if dummies[0] not in threading.enumerate():
        break
    time.sleep(0.01)
print(dummies[0] in threading.enumerate(), threading.active_count())
error(dummies[0].join)
