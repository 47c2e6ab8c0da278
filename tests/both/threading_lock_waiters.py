# Many threads wait for one lock: each release lets one in; waiters that give up do no harm.
import threading

lock = threading.Lock()
lock.acquire()
entered = threading.Semaphore(0)
results = []


def patient():
    lock.acquire()
    results.append("in")
    entered.release()


def hasty():
    results.append(lock.acquire(timeout=0.02))


threads = [threading.Thread(target=patient) for _ in range(4)]
for t in threads:
    t.start()
quitters = [threading.Thread(target=hasty) for _ in range(4)]
for t in quitters:
    t.start()
for t in quitters:
    t.join()
print(results)
for i in range(4):
    lock.release()
    entered.acquire()
    print(results.count("in"), entered.acquire(False), lock.locked())
for t in threads:
    t.join()
lock.release()
print(lock.locked())
