# Lock.acquire(timeout=...): False after the time, True when the lock comes free in time.
import threading
import time


def timed(*args, **kwargs):
    start = time.time()
    result = lock.acquire(*args, **kwargs)
    seconds = time.time() - start
    return result, seconds


lock = threading.Lock()
lock.acquire()
for arguments in ((True, 0.1), (1, 0.2)):
    result, seconds = timed(*arguments)
    print(result, arguments[1] - 0.002 <= seconds < 5, lock.locked())
result, seconds = timed(timeout=0)
print(result, seconds < 5)
result, seconds = timed(timeout=0.001)
print(result, seconds < 5)

# Failed attempts left nothing behind: one release frees the lock for exactly one acquire.
lock.release()
print(lock.acquire(timeout=5), lock.acquire(timeout=0.01))
lock.release()

# The longest timeout there is, on a free lock and on one that another thread frees.
print(lock.acquire(timeout=threading.TIMEOUT_MAX))
results = []
waiter = threading.Thread(target=lambda: results.append(timed(timeout=threading.TIMEOUT_MAX)))
waiter.start()
time.sleep(0.05)
lock.release()
waiter.join()
print(results[0][0], results[0][1] < 5, lock.locked())
lock.release()

# A timed waiter gets the lock when its holder lets go before the time is over.
lock.acquire()
waiter = threading.Thread(target=lambda: results.append(timed(True, 30)))
waiter.start()
time.sleep(0.05)
lock.release()
waiter.join()
print(results[1][0], results[1][1] < 5, lock.locked())
