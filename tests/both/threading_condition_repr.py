# repr() of a Condition holds that of its lock, and the number of waiters.
import threading


def plain(condition, lock):
    return repr(condition).replace(repr(lock), "LOCK")


def waiter(condition, state):
    with condition:
        state.append(1)
        condition.wait()


for lock in (threading.Lock(), threading.RLock(), "rlock of its own"):
    if isinstance(lock, str):
        condition = threading.Condition()
        text = repr(condition)
        print(text[: text.find(" at 0x")])
        continue
    condition = threading.Condition(lock)
    print(plain(condition, lock))
    with condition:
        print(plain(condition, lock))
    state = []
    threads = []
    for i in range(2):
        threads.append(threading.Thread(target=waiter, args=(condition, state)))
        threads[-1].start()
    while True:
        with condition:
            if len(state) == 2:
                print(plain(condition, lock))
                condition.notify()
                print(plain(condition, lock))
                condition.notify()
                print(plain(condition, lock))
                break
    for t in threads:
        t.join()
    print(plain(condition, lock))
