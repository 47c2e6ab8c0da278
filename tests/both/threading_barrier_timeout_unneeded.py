# A timeout is looked at by who has to wait: not by the last one, nor at a broken barrier.
import threading

INFINITE = float("inf")
barrier = threading.Barrier(1)
for timeout in ("soon", INFINITE, []):
    print(barrier.wait(timeout))
barrier.abort()
for timeout in ("soon", INFINITE):
    try:
        barrier.wait(timeout)
    except threading.BrokenBarrierError as e:
        print(type(e).__name__)

barrier = threading.Barrier(2)
for timeout in ("soon", INFINITE):
    try:
        barrier.wait(timeout)
    except (TypeError, OverflowError) as e:
        print(type(e).__name__, barrier.n_waiting, barrier.broken)

# It works afterwards.
results = []
thread = threading.Thread(target=lambda: results.append(barrier.wait(5)))
thread.start()
results.append(barrier.wait(5))
thread.join()
print(sorted(results), barrier.n_waiting, barrier.broken)


# An action that is false is none.
class Action:
    def __init__(self, true):
        self.true = true

    def __bool__(self):
        return self.true

    def __call__(self):
        print("called", self.true)


for true in (False, True):
    print(threading.Barrier(1, Action(true)).wait())
