# Single sentences of the manual about threads that no other script shows.
import threading

# A name has no meaning: several threads may have the same.
go = threading.Event()
threads = [threading.Thread(target=go.wait, name="same") for _ in range(3)]
for thread in threads:
    thread.start()
print([t.name for t in threading.enumerate() if t is not threading.main_thread()])
print(len(set(t.ident for t in threads)), threading.active_count() == len(threading.enumerate()))
go.set()
for thread in threads:
    print(thread.join(), thread.join(0), thread.is_alive(), thread in threading.enumerate())

# Alive until run() has ended, also by an exception; join() tells nothing of it.
threading.excepthook = lambda args: print(args.exc_type.__name__, args.thread.is_alive())


def fail():
    print(threading.current_thread().is_alive())
    raise ValueError


thread = threading.Thread(target=fail)
thread.start()
print(thread.join(), thread.is_alive())

# A timer is a thread: the function runs in it, and it can be joined and named.
seen = []
timer = threading.Timer(0.01, lambda: seen.append(threading.current_thread()))
timer.name = "timer"
timer.daemon = True
timer.start()
timer.join()
print(seen[0] is timer, timer.name, timer.finished.is_set(), isinstance(timer, threading.Thread))

# Waiting for a flag that is set does not block, however often; clear() makes it block again.
event = threading.Event()
print(event.is_set(), event.set(), event.wait(), event.wait(0), event.clear(), event.wait(0))

# Condition.acquire returns what the lock's returns; release nothing.
condition = threading.Condition(lock=None)
print(condition.acquire(), condition.acquire(False), condition.acquire(True, 1))
print([condition.release() for _ in range(3)])

# notify() with nobody waiting is forgotten.
with condition:
    condition.notify_all()
    condition.notify(5)
    print(condition.wait(0.01), condition.wait_for(lambda: "", 0.01), condition.wait_for(int, 0))

# notify() does not give the lock up: the waiter goes on after the block.
order = []


def waiter():
    with condition:
        order.append("waits")
        condition.wait()
        order.append("awake")


thread = threading.Thread(target=waiter)
thread.start()
while True:
    with condition:
        if order:
            condition.notify()
            order.append("notified")
            thread.join(0.02)
            order.append("still holds the lock")
            break
thread.join()
print(order)

# Exactly n of those that wait for a semaphore go on with release(n).
semaphore = threading.Semaphore(0)
threads = [threading.Thread(target=semaphore.acquire) for _ in range(4)]
for thread in threads:
    thread.start()
semaphore.release(3)
while sum(thread.is_alive() for thread in threads) > 1:
    threads[0].join(0.001)
    threads[-1].join(0.001)
print(sum(thread.is_alive() for thread in threads))
semaphore.release()
for thread in threads:
    thread.join()
print(semaphore.acquire(False))
