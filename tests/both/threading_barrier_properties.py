# Barrier's properties are read-only; wrong arguments.
import threading


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


barrier = threading.Barrier(2)
for name in ("parties", "n_waiting", "broken"):
    error_type(setattr, barrier, name, 1)
    print(name, getattr(barrier, name))
error_type(threading.Barrier)
error_type(threading.Barrier, 1, None, None, None)
error_type(threading.Barrier, 1, target=print)
error_type(barrier.wait, 1, 2)
print(barrier.broken)
error_type(barrier.wait, "1")
barrier.reset()
error_type(barrier.wait, 1e100)
error_type(barrier.reset, 1)
error_type(barrier.abort, 1)


class Counted(threading.Barrier):
    def __init__(self, parties):
        super().__init__(parties)
        self.rounds = 0

    def wait(self, timeout=None):
        index = super().wait(timeout)
        if index == 0:
            self.rounds += 1
        return index


barrier = Counted(2)
threads = [threading.Thread(target=lambda: [barrier.wait() for _ in range(5)]) for _ in range(2)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(barrier.rounds, barrier.parties, type(barrier).__name__)
