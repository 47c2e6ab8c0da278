# RLock: its owner may take it again; it is free after as many releases.
import threading


def try_elsewhere():
    # What another thread gets from a non-blocking acquire.
    def attempt():
        got = lock.acquire(False)
        results.append(got)
        if got:
            lock.release()

    results = []
    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return results[0]


lock = threading.RLock()
print(try_elsewhere())
print(lock.acquire(), try_elsewhere())
print(lock.acquire(), lock.acquire(False), lock.acquire(timeout=1), lock.acquire(True, -1))
for i in range(5):
    print(try_elsewhere(), lock.release())
print(try_elsewhere())

with lock as entered:
    print(entered, try_elsewhere())
    with lock:
        print(try_elsewhere())
    print(try_elsewhere())
print(try_elsewhere())

try:
    with lock:
        with lock:
            raise ValueError("body")
except ValueError as e:
    print("passed on:", e, try_elsewhere())

print(lock.__enter__(), lock.__exit__(None, None, None), try_elsewhere())

# Deep recursion.
for i in range(1000):
    lock.acquire()
for i in range(999):
    lock.release()
print(try_elsewhere(), lock.release(), try_elsewhere())
