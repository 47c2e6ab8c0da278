# since 3.13
# join() with timeouts that no clock can hold.
import threading

thread = threading.Thread()
thread.start()
for ended in (False, True):
    if ended:
        thread.join()
    for timeout in (float("nan"), 1e100, threading.TIMEOUT_MAX + 1, float("inf")):
        try:
            print(thread.join(timeout))
        except Exception as e:
            print(type(e).__name__)
print(thread.join(threading.TIMEOUT_MAX), thread.is_alive())
