# A heap of 64 KB, which init.c gives to a script of this name: it is honoured, and eight threads that
# hand on items have room in it.
import gc, queue, threading
from ram import resident, report

heap = (gc.mem_alloc() + gc.mem_free()) // 1024
assert 48 <= heap, heap
jobs = queue.Queue(4)
results = queue.Queue()


def work():
    job = jobs.get()
    while job is not None:
        results.put(len(job))
        job = jobs.get()


threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for i in range(1000):
    jobs.put(b"x" * (i % 50))
for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
assert sum(results.get() for _ in range(1000)) == 24500
report("a heap of", heap, 64)
report("8 threads in it", resident(), 550)
