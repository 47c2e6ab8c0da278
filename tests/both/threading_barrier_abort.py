# Barrier.abort: all waiters and all who come later get BrokenBarrierError, until reset.
import threading


def work():
    try:
        results.append(barrier.wait())
    except threading.BrokenBarrierError as e:
        results.append("broken" + str(e))


barrier = threading.Barrier(4)
results = []
threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads:
    t.start()
while barrier.n_waiting < 3:
    pass
print(barrier.broken, barrier.abort(), barrier.broken)
for t in threads:
    t.join()
print(results, barrier.n_waiting)
work()
print(results, barrier.abort(), barrier.broken)

print(barrier.reset(), barrier.broken, barrier.n_waiting)
results = []
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results), barrier.broken)

# With nobody there.
barrier = threading.Barrier(1)
barrier.abort()
results = []
work()
barrier.reset()
work()
print(results)
