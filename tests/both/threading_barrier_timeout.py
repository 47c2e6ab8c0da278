# Barrier.wait(timeout): when it runs out for one, the barrier breaks for all.
import threading
import time


def work(*args, **kwargs):
    start = time.time()
    try:
        result = barrier.wait(*args, **kwargs)
    except threading.BrokenBarrierError as e:
        result = "broken" + str(e)
    results.append(result)
    times.append(time.time() - start)


for timeout in (0.1, 0, -1):
    results = []
    times = []
    barrier = threading.Barrier(3)
    patient = threading.Thread(target=work)
    patient.start()
    while barrier.n_waiting < 1:
        pass
    work(timeout)
    patient.join()
    print(timeout, results, timeout - 0.002 <= times[0] < 5, times[1] < 5)
    print(barrier.broken, barrier.n_waiting)
    work(timeout=30)
    print(results[2], times[2] < 5)

# The barrier's own timeout, and one given to wait() instead.
barrier = threading.Barrier(2, timeout=0.05)
results = []
times = []
work()
print(results, 0.048 <= times[0] < 5, barrier.broken)
barrier.reset()
other = threading.Thread(target=work, args=(30,))
other.start()
while barrier.n_waiting < 1:
    pass
other.join(0.1)
print(other.is_alive(), barrier.broken)
work()
other.join()
print(sorted(results[1:]))

# In time.
results = []
barrier = threading.Barrier(2)
other = threading.Thread(target=work, args=(30,))
other.start()
work(30)
other.join()
print(sorted(results))
