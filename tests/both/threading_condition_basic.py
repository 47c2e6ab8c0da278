# Condition: with its own lock and with given ones; wait() is ended by notify().
import threading


def round_trip(condition):
    def waiter():
        with condition:
            state.append("waiting")
            result = condition.wait()
            state.append(result)

    state = []
    thread = threading.Thread(target=waiter)
    thread.start()
    while True:
        # Whoever has the lock and reads "waiting" knows that the other thread is in wait().
        with condition:
            if state:
                break
    with condition:
        print(condition.notify(), state)
    thread.join()
    print(state)


round_trip(threading.Condition())
round_trip(threading.Condition(None))
round_trip(threading.Condition(threading.Lock()))
round_trip(threading.Condition(lock=threading.RLock()))

lock = threading.Lock()
condition = threading.Condition(lock)
print(lock.locked(), condition.acquire(), lock.locked(), condition.acquire(False))
print(condition.acquire(timeout=0.01), condition.acquire(True, 0))
print(condition.release(), lock.locked())
with condition as entered:
    print(entered, lock.locked())
print(lock.locked())
with lock:
    print(condition.notify(), condition.notify_all(), condition.wait(0))
try:
    with condition:
        raise ValueError("body")
except ValueError as e:
    print(e, lock.locked())

# Notifying with nobody there is not remembered.
with condition:
    condition.notify(3)
    condition.notify_all()
    print(condition.wait(0.01))
