# Condition.wait releases all levels of an RLock and restores them.
import threading


def elsewhere(f, *args):
    results = []
    thread = threading.Thread(target=lambda: results.append(f(*args)))
    thread.start()
    thread.join()
    return results[0]


condition = threading.Condition()
state = []


def depth():
    # How many releases it takes; restores them.
    count = 0
    while condition._is_owned():
        condition.release()
        count += 1
    for i in range(count):
        condition.acquire()
    return count


def waiter():
    for i in range(3):
        condition.acquire()
    state.append("waiting")
    state.append(condition.wait())
    state.append(depth())
    state.append(condition.wait(0.01))
    state.append(depth())
    for i in range(3):
        condition.release()
    state.append(condition._is_owned())


thread = threading.Thread(target=waiter)
thread.start()
while True:
    with condition:
        if state:
            print(state)
            condition.notify()
            break
thread.join()
print(state)
print(elsewhere(condition.acquire, False))
