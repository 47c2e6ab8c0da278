# Event.wait(timeout): False after the time, True when set in time.
import threading
import time


def timed(*args, **kwargs):
    start = time.time()
    result = event.wait(*args, **kwargs)
    return result, time.time() - start


event = threading.Event()
for timeout in (0, -1, 0.05, 0.2):
    result, seconds = timed(timeout)
    print(timeout, result, timeout - 0.002 <= seconds < 5)

for timeout in (30, threading.TIMEOUT_MAX):
    event.clear()
    results = []
    thread = threading.Thread(target=lambda: results.append(timed(timeout)))
    thread.start()
    thread.join(0.02)
    print(results)
    event.set()
    thread.join()
    print(results[0][0], results[0][1] < 5)

# One gives up, one does not.
event.clear()
results = []
quitter = threading.Thread(target=lambda: results.append(event.wait(0.02)))
patient = threading.Thread(target=lambda: results.append(event.wait(30)))
patient.start()
quitter.start()
quitter.join()
print(results)
event.set()
patient.join()
print(results)
