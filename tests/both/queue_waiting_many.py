# Threads that put and get in a loop, then many that take or put one each: nobody is left waiting.
import queue
import threading
import time


def all_of(n, function):
    threads = [threading.Thread(target=function) for _ in range(n)]
    for thread in threads:
        thread.start()
    return threads


def wait_until_blocked(q, condition, n):
    # Who waits shows in the repr of the condition; asking for it makes one.
    while not repr(condition).endswith(", %d)>" % n):
        threading.Event().wait(0.001)


def join(threads):
    for thread in threads:
        thread.join()


for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue):
    for watched in (False, True):
        q = kind(4)
        ITEMS = 400

        def put_many():
            for i in range(ITEMS):
                q.put(i)

        def get_many():
            for _ in range(ITEMS):
                q.get()

        join(all_of(4, put_many) + all_of(4, get_many))
        print(kind.__name__, "in a loop:", q.qsize())

        got = []
        getters = all_of(4, lambda: got.append(q.get()))
        if watched:
            wait_until_blocked(q, q.not_empty, 4)
        # Each of these wakes one in vain, mostly.
        for _ in range(100):
            q.put(None)
            try:
                q.get_nowait()
            except queue.Empty:
                pass
            time.sleep(0)
        for i in range(4):
            q.put(i)
        join(getters)
        print("one each:", len(got))
        while not q.empty():
            q.get()

        for i in range(4):
            q.put(i)
        putters = all_of(4, lambda: q.put(9))
        if watched:
            wait_until_blocked(q, q.not_full, 4)
        for _ in range(100):
            q.get()
            try:
                q.put_nowait(9)
            except queue.Full:
                pass
            time.sleep(0)
        while not q.empty():
            q.get_nowait()
        join(putters)
        print("room for each:", q.qsize() <= 4)
