# join(timeout): None in any case; is_alive() tells.
import threading
import time

done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
for timeout in (0, -1, -0.5, 0.0, 0.05, 0.2):
    start = time.time()
    result = thread.join(timeout)
    seconds = time.time() - start
    print(timeout, result, timeout - 0.002 <= seconds < 5, thread.is_alive())
print(thread.join(timeout=0.01), thread.is_alive())
done.set()
start = time.time()
print(thread.join(30), time.time() - start < 5, thread.is_alive())
for timeout in (0, -1, 0.1, 30, None):
    print(timeout, thread.join(timeout), thread.is_alive())

thread = threading.Thread()
thread.start()
print(thread.join(threading.TIMEOUT_MAX), thread.is_alive())
