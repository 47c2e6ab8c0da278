# Condition: calls without the lock, and arguments that are refused.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


for condition in (threading.Condition(), threading.Condition(threading.Lock())):
    error(condition.wait)
    error(condition.wait, 0)
    error(condition.wait, 0.1)
    error(condition.notify)
    error(condition.notify, 0)
    error(condition.notify_all)
    error(condition.release)
    error(condition.wait_for, lambda: False)
    error(condition.wait_for, lambda: False, 0.1)
    # The lock is not asked for when the predicate is true at once.
    error(condition.wait_for, lambda: 17)
    with condition:
        error_type(condition.wait, "1")
        error_type(condition.wait, 1e100)
        error_type(condition.wait, threading.TIMEOUT_MAX + 1)
        error_type(condition.wait_for, lambda: False, 1e100)
        error_type(condition.wait_for, 5)
        error_type(condition.wait, 1, 2)
        # Nothing of that has released the lock or left a waiter behind.
        print(condition._is_owned(), repr(condition).endswith(", 0)>"))
    print(condition._is_owned())
    error_type(condition.wait_for)

error_type(threading.Condition, 5)
error_type(threading.Condition, None, None)
error_type(threading.Condition, None, name="x")

# An RLock held by another thread is as bad as a free one.
condition = threading.Condition()
condition.acquire()
for f in (condition.wait, condition.notify, condition.notify_all, condition.release):
    thread = threading.Thread(target=error, args=(f,))
    thread.start()
    thread.join()
condition.release()
