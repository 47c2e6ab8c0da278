# Condition.notify(n) wakes exactly n of those who wait, the one who has waited longest first.
import threading

condition = threading.Condition()
woken_event = threading.Semaphore(0)
waiting = []
woken = []


def waiter(number):
    with condition:
        waiting.append(number)
        condition.wait()
        woken.append(number)
    woken_event.release()


def start(number):
    thread = threading.Thread(target=waiter, args=(number,))
    thread.start()
    while True:
        with condition:
            if number in waiting:
                return thread


def notify(*args):
    before = len(woken)
    with condition:
        condition.notify(*args)
    for _ in range(min(args[0] if args else 1, len(waiting) - before)):
        woken_event.acquire()
    # The order in which those of one call get the lock back is not promised.
    print(args, sorted(woken[before:]), woken_event.acquire(timeout=0.02))


threads = [start(number) for number in range(9)]
notify()
notify(1)
notify(0)
notify(-1)
notify(2)
notify(3)
notify(5)
notify(5)
for t in threads:
    t.join()
print(sorted(woken))
