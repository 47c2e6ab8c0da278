# CPython's own sched: events by time and priority, from several threads, cancelled and added.
import queue
import sched
import threading
import time

scheduler = sched.scheduler(time.monotonic, time.sleep)
start = time.monotonic()
for delay, priority, text in ((0.06, 1, "third"), (0.02, 1, "first"), (0.04, 1, "second")):
    scheduler.enter(delay, priority, print, (text,))
unwanted = scheduler.enter(0.03, 1, print, ("never",))
print(len(scheduler.queue), scheduler.empty())
scheduler.cancel(unwanted)
scheduler.run()
print(scheduler.empty(), 0.058 <= time.monotonic() - start < 5)

# The same time: by priority, then in the order of entering; an event adds another.
at = time.monotonic()
for priority, text in ((2, "c"), (1, "a"), (1, "b")):
    scheduler.enterabs(at, priority, print, argument=(text,), kwargs={"end": " "})
scheduler.enterabs(at, 3, lambda: scheduler.enterabs(at, 0, print, ("added",)))
scheduler.run()

# A clock that other threads push on.
ticks = queue.Queue()
now = 0


def wait(delay):
    global now
    end = now + delay
    while now < end:
        now += ticks.get()


scheduler = sched.scheduler(lambda: now, wait)
did = queue.Queue()
threads = [
    threading.Thread(target=scheduler.enterabs, args=(i, 1, did.put, (i,))) for i in (30, 10, 20)
]
for t in threads:
    t.start()
for t in threads:
    t.join()
runner = threading.Thread(target=scheduler.run)
runner.start()
for i in (10, 10, 10):
    ticks.put(i)
    print(did.get())
runner.join()
print(now, scheduler.run(blocking=False))
