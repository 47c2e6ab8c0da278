# Condition.notify_all and notifyAll wake everyone who waits, and only them.
import threading

condition = threading.Condition(threading.Lock())
waiting = 0
results = []


def waiter():
    global waiting
    with condition:
        waiting += 1
        results.append(condition.wait(30))


for notify in (condition.notify_all, condition.notifyAll):
    waiting = 0
    results = []
    threads = [threading.Thread(target=waiter) for _ in range(5)]
    for t in threads:
        t.start()
    while True:
        with condition:
            if waiting == 5:
                break
    with condition:
        print(notify(), results)
    for t in threads:
        t.join()
    print(results)
    with condition:
        print(notify(), condition.wait(0.01))
