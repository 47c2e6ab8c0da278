# What the documentation of threading and queue shows, in words of our own.
import queue
import random
import threading
import time

# Workers that never end, and jobs that are waited for.
jobs = queue.Queue()
did = []


def worker():
    while True:
        job = jobs.get()
        did.append(job * job)
        jobs.task_done()


for _ in range(3):
    threading.Thread(target=worker, daemon=True).start()
for job in range(30):
    jobs.put(job)
jobs.join()
print(len(did), sorted(did)[-1])

# Workers that end when the queue does, by one None each.
results = queue.SimpleQueue()


def until_none():
    while (job := jobs2.get()) is not None:
        results.put(str(job))


jobs2 = queue.Queue(4)
workers = [threading.Thread(target=until_none) for _ in range(3)]
for t in workers:
    t.start()
for job in list(range(20)) + [None] * len(workers):
    jobs2.put(job)
for t in workers:
    t.join()
print(sorted(int(results.get()) for _ in range(results.qsize())))


# Jobs with a priority, whatever they are.
class Job:
    def __init__(self, priority, item):
        self.priority = priority
        self.item = item

    def __lt__(self, other):
        return self.priority < other.priority


by_priority = queue.PriorityQueue()
for priority in (5, 1, 3):
    by_priority.put(Job(priority, "job {}".format(priority)))
print([by_priority.get().item for _ in range(3)])

# A buffer with one condition for each of its two ends.
buffer = []
lock = threading.Lock()
not_empty = threading.Condition(lock)
not_full = threading.Condition(lock)
taken = []


def make():
    for i in range(50):
        with not_full:
            not_full.wait_for(lambda: len(buffer) < 3)
            buffer.append(i)
            not_empty.notify()


def take():
    for _ in range(50):
        with not_empty:
            while not buffer:
                not_empty.wait()
            taken.append(buffer.pop(0))
            not_full.notify()


threads = [threading.Thread(target=f) for f in (make, make, take, take)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(len(taken), sum(taken), buffer)

# No more than three connections at once.
connections = threading.BoundedSemaphore(value=3)
at_once = []
most = 0


def use(i):
    global most
    with connections:
        at_once.append(i)
        most = max(most, len(at_once))
        time.sleep(random.random() / 1000)
        at_once.remove(i)


threads = [threading.Thread(target=use, args=(i,)) for i in range(12)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(most <= 3, at_once)

# A client that waits until its server is ready.
ready = threading.Barrier(2, timeout=30)
wire = queue.Queue()


def server():
    inbox = queue.Queue()
    ready.wait()
    wire.put(inbox)
    print("server got", inbox.get())


def client():
    ready.wait()
    wire.get().put("a call")


threads = [threading.Thread(target=f) for f in (server, client)]
for t in threads:
    t.start()
for t in threads:
    t.join()


# A thread that is told to stop, its own data, and a timer.
class Ticker(threading.Thread):
    def __init__(self, interval):
        super().__init__(name="ticker")
        self.interval = interval
        self.stop = threading.Event()
        self.ticked = threading.Event()

    def run(self):
        mine.name = threading.current_thread().name
        while not self.stop.wait(self.interval):
            self.ticked.set()
        print(mine.name, "stops")


mine = threading.local()
mine.name = "main's"
ticker = Ticker(0.001)
ticker.start()
ticker.ticked.wait()
timer = threading.Timer(0.01, ticker.stop.set)
timer.start()
ticker.join()
print(mine.name, timer.is_alive() or timer.finished.is_set())
