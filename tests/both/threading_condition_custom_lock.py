# Condition works with any object that has a lock's methods, and uses its private ones if there.
import threading


class Plain:
    def __init__(self):
        self.lock = threading.Lock()
        self.calls = []

    def acquire(self, blocking=True, timeout=-1):
        self.calls.append("acquire")
        return self.lock.acquire(blocking, timeout)

    def release(self):
        self.calls.append("release")
        self.lock.release()

    def locked(self):
        return self.lock.locked()

    def __enter__(self):
        self.calls.append("enter")
        return self.lock.__enter__()

    def __exit__(self, *args):
        self.calls.append("exit")
        self.lock.release()


class Full(Plain):
    def _is_owned(self):
        self.calls.append("_is_owned")
        return self.lock.locked()

    def _release_save(self):
        self.calls.append("_release_save")
        self.lock.release()
        return "the state"

    def _acquire_restore(self, state):
        self.calls.append("_acquire_restore " + state)
        self.lock.acquire()


for lock in (Plain(), Full()):
    print(type(lock).__name__)
    condition = threading.Condition(lock)
    for text, f in (
        ("acquire", condition.acquire),
        ("wait", lambda: condition.wait(0.01)),
        ("notify", condition.notify),
        ("notify_all", condition.notify_all),
        ("wait_for", lambda: condition.wait_for(lambda: True)),
        ("release", condition.release),
        ("enter", condition.__enter__),
        ("exit", lambda: condition.__exit__(None, None, None)),
    ):
        lock.calls = []
        result = f()
        print(text, result, lock.calls)
    lock.calls = []
    try:
        condition.notify()
    except RuntimeError as e:
        print(e, lock.calls)

    # And between two threads.
    state = []

    def waiter():
        with condition:
            state.append("waiting")
            state.append(condition.wait(30))

    thread = threading.Thread(target=waiter)
    thread.start()
    while True:
        with condition:
            if state:
                condition.notify()
                break
    thread.join()
    print(state)
