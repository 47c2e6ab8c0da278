# An exception in the action breaks the barrier; it is raised in the thread that ran the action.
import threading

PARTIES = 3
results = []


def action():
    if fail:
        raise ValueError("in the action")
    results.append("action")


def work():
    try:
        results.append(barrier.wait())
    except Exception as e:
        results.append(type(e).__name__ + " " + str(e))


barrier = threading.Barrier(PARTIES, action=action)
fail = True
threads = [threading.Thread(target=work) for _ in range(PARTIES)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results))
print(barrier.broken, barrier.n_waiting)
results = []
work()
print(results)

fail = False
barrier.reset()
results = []
threads = [threading.Thread(target=work) for _ in range(PARTIES)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(results[0], sorted(results[1:]), barrier.broken)

barrier = threading.Barrier(1, action=action)
fail = True
results = []
work()
work()
print(results, barrier.broken)
