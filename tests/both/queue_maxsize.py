# maxsize: 0 and negative mean no limit; it may be changed while in use.
import queue
import threading

for maxsize in (0, -1, -100):
    q = queue.Queue(maxsize)
    for i in range(50):
        q.put_nowait(i)
    print(maxsize, q.maxsize, q.qsize(), q.full())

q = queue.Queue(1)
q.put(1)
print(q.full())
q.maxsize = 3
print(q.full(), q.put_nowait(2), q.put_nowait(3), q.full(), q.maxsize)
q.maxsize = 1
print(q.full(), q.qsize())
try:
    q.put_nowait(4)
except queue.Full:
    print("Full")
print(q.get(), q.get(), q.full(), q.get(), q.full())
setattr(q, "maxsize", 0)
print([q.put_nowait(i) for i in range(3)], q.full())

# A waiting put sees the new limit when it is woken.
q = queue.Queue(1)
q.put(1)
thread = threading.Thread(target=q.put, args=(2,))
thread.start()
thread.join(0.02)
q.maxsize = 2
with q.not_full:
    q.not_full.notify()
thread.join()
print(q.qsize(), q.get(), q.get())

for kind in (queue.LifoQueue, queue.PriorityQueue):
    q = kind(maxsize=-5)
    print(q.maxsize, q.full(), q.put_nowait(1), kind(7).maxsize)
