# Barrier's action runs once a round, in one of the threads, before any of them goes on.
import threading

PARTIES = 3
log = []
names = []


def action():
    log.append("action")
    names.append(threading.current_thread().name)


def work():
    for i in range(10):
        barrier.wait()
        log.append("passed")
        barrier.wait()


barrier = threading.Barrier(PARTIES, action)
threads = [threading.Thread(target=work, name="worker") for _ in range(PARTIES)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(log == (["action"] + ["passed"] * PARTIES + ["action"]) * 10)
print(len(names), [name for name in names if name != "worker"])

# A false action is none, a result of it is dropped.
print(threading.Barrier(1, None).wait(), threading.Barrier(1, lambda: 5).wait())
