# Barrier: each party gets its own index; nobody passes before the last one has come.
import threading

PARTIES = 4
barrier = threading.Barrier(PARTIES)
print(barrier.parties, barrier.n_waiting, barrier.broken)
indices = []
arrived = []


def work(number):
    arrived.append(number)
    index = barrier.wait()
    indices.append((index, len(arrived)))


threads = [threading.Thread(target=work, args=(i,)) for i in range(PARTIES - 1)]
for number, t in enumerate(threads):
    t.start()
    while barrier.n_waiting <= number:
        pass
    print(barrier.n_waiting, indices)
print(barrier.wait() == PARTIES - 1)
for t in threads:
    t.join()
print(sorted(index for index, seen in indices), [seen for index, seen in indices])
print(barrier.n_waiting, barrier.broken)

# One party never waits.
barrier = threading.Barrier(1)
print([barrier.wait() for _ in range(3)], barrier.wait(0), barrier.wait(timeout=0))

# Keywords.
barrier = threading.Barrier(parties=1, action=lambda: print("action"), timeout=5)
print(barrier.wait(), barrier.parties)
print(issubclass(threading.BrokenBarrierError, RuntimeError))
print(threading.BrokenBarrierError.__name__)
