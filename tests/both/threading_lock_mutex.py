# Mutual exclusion: of six threads at most one is ever inside, and no addition is lost.
import threading
import time

ROUNDS = 200


def work(lock):
    global inside, most, total
    for i in range(ROUNDS):
        with lock:
            inside += 1
            most = max(most, inside)
            value = total
            if i % 50 == 0:
                time.sleep(0.0005)
            total = value + 1
            inside -= 1


for lock in (threading.Lock(), threading.RLock(), threading.Condition(), threading.Semaphore()):
    inside = most = total = 0
    threads = [threading.Thread(target=work, args=(lock,)) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(inside, most, total)
