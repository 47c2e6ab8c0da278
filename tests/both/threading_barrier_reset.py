# Barrier.reset: waiters get BrokenBarrierError, then it is as new.
import threading


def work():
    try:
        results.append(barrier.wait())
    except threading.BrokenBarrierError as e:
        results.append("broken" + str(e))


def start(n):
    threads = [threading.Thread(target=work) for _ in range(n)]
    for t in threads:
        t.start()
    return threads


barrier = threading.Barrier(3)
results = []
print(barrier.reset(), barrier.broken, barrier.n_waiting)
for i in range(3):
    threads = start(2)
    while barrier.n_waiting < 2:
        pass
    print(barrier.reset(), barrier.broken)
    for t in threads:
        t.join()
    print(results, barrier.n_waiting, barrier.broken)
    results = []
threads = start(3)
for t in threads:
    t.join()
print(sorted(results))

# Those who come right after a reset wait for the next round, however slowly the old ones leave.
results = []
old = start(2)
while barrier.n_waiting < 2:
    pass
barrier.reset()
new = start(3)
for t in old + new:
    t.join()
print(sorted(map(str, results)), barrier.broken, barrier.n_waiting)
