# Condition exports its lock's methods; _is_owned of a plain lock tells whether anyone holds it.
import threading

lock = threading.RLock()
condition = threading.Condition(lock)
print(condition._is_owned())
condition.acquire()
condition.acquire()
print(condition._is_owned(), lock._is_owned())
state = condition._release_save()
print(condition._is_owned())
condition._acquire_restore(state)
print(condition._is_owned())
lock.release()
condition.release()
print(condition._is_owned(), lock.acquire(False), lock.release())

lock = threading.Lock()
condition = threading.Condition(lock)
print(condition._is_owned())
lock.acquire()
print(condition._is_owned(), condition._release_save(), lock.locked())
condition._acquire_restore(None)
print(lock.locked(), condition._is_owned())

# Two conditions on one lock: a notification reaches only the waiters of its own.
first = threading.Condition(lock)
second = threading.Condition(lock)
print(first._is_owned(), second._is_owned())
state = []


def waiter():
    with first:
        state.append("waiting")
        state.append(first.wait(30))


lock.release()
thread = threading.Thread(target=waiter)
thread.start()
while True:
    with lock:
        if state:
            break
with second:
    second.notify_all()
thread.join(0.02)
print(thread.is_alive(), state)
with second:
    first.notify_all()
thread.join()
print(state)
