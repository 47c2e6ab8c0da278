# Daemon threads do not hold the exit, whatever they do.
import queue
import threading


def spin():
    while True:
        pass


def lock_up():
    with lock:
        lock.acquire()


lock = threading.Lock()
condition = threading.Condition()
for target in (
    threading.Event().wait,
    threading.Semaphore(0).acquire,
    queue.Queue().get,
    queue.SimpleQueue().get,
    threading.Barrier(2).wait,
    lock_up,
    spin,
    lambda: threading.Event().wait(60),
    lambda: condition.acquire() and condition.wait(),
):
    threading.Thread(target=target, daemon=True).start()
print(threading.active_count())
timer = threading.Timer(60, print, ["never"])
timer.daemon = True
timer.start()
print("main ends", threading.active_count())
