# Event: set, clear, is_set, isSet, wait.
import threading

event = threading.Event()
print(event.is_set(), event.isSet())
print(event.set(), event.is_set(), event.isSet())
print(event.wait(), event.wait(0), event.wait(timeout=None), event.wait(timeout=5))
print(event.set(), event.is_set())
print(event.clear(), event.is_set(), event.isSet())
print(event.clear(), event.is_set())
print(event.wait(0), event.wait(0.0), event.wait(-1), event.wait(timeout=0.01))

# Everyone who waits is woken.
ready = threading.Semaphore(0)
results = []


def waiter():
    ready.release()
    results.append(event.wait())


threads = [threading.Thread(target=waiter) for _ in range(5)]
for t in threads:
    t.start()
for t in threads:
    ready.acquire()
print(results)
event.set()
for t in threads:
    t.join()
print(results, event.is_set())


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


event.clear()
error_type(threading.Event, 1)
error_type(event.wait, "1")
error_type(event.wait, 1e100)
error_type(event.wait, threading.TIMEOUT_MAX + 1)
error_type(event.wait, 1, 2)
error_type(event.set, 1)
print(event.is_set(), event.wait(0))
