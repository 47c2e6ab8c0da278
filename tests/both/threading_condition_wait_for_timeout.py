# Condition.wait_for(predicate, timeout): the time is the total over all wake-ups.
import threading
import time


def timed(predicate, timeout):
    start = time.time()
    result = condition.wait_for(predicate, timeout)
    return result, time.time() - start


condition = threading.Condition()
with condition:
    for timeout in (0, -1, 0.05, 0.15):
        for value in (False, None, 0, ""):
            result, seconds = timed(lambda: value, timeout)
            print(timeout, repr(result), timeout - 0.002 <= seconds < 5)
    print(condition.wait_for(predicate=lambda: 5, timeout=0.1))

    # It is asked before the wait and once more after it.
    asked = []
    print(condition.wait_for(lambda: asked.append(1), 0.02), len(asked))

# Wake-ups for nothing do not start the time anew.
stop = threading.Event()


def disturb():
    while not stop.wait(0.01):
        with condition:
            condition.notify_all()


thread = threading.Thread(target=disturb)
thread.start()
with condition:
    result, seconds = timed(lambda: False, 0.2)
stop.set()
thread.join()
print(result, 0.198 <= seconds < 5)

# True in time.
flag = []


def setter():
    with condition:
        flag.append(1)
        condition.notify()


with condition:
    thread = threading.Thread(target=setter)
    thread.start()
    result, seconds = timed(lambda: flag, 30)
thread.join()
print(result, seconds < 5)
