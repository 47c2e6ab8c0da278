# A Barrier is usable again at once: rounds never mix.
import threading

PARTIES = 3
ROUNDS = 60
barrier = threading.Barrier(PARTIES)
count = 0
lock = threading.Lock()
seen = []
indices = []


def work():
    global count
    for r in range(ROUNDS):
        with lock:
            count += 1
        index = barrier.wait()
        with lock:
            # Everyone of this round has counted; of the next one at most those who went on.
            if not PARTIES * (r + 1) <= count <= PARTIES * (r + 2) - 1:
                seen.append((r, count))
            indices.append((r, index))


threads = [threading.Thread(target=work) for _ in range(PARTIES)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(seen, count)
print(sorted(indices) == [(r, i) for r in range(ROUNDS) for i in range(PARTIES)])
print(barrier.n_waiting, barrier.broken)
