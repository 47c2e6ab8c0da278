"""A program with 64 threads that do all there is, for long, in a heap of 256 KB: memory stays
flat, nothing comes late, no thread is left."""

from variant.harness import stress

# Seconds of the short form, and between two reports.
SHORT = 3
REPORT = 0.5

# What a report may exceed the greatest of the first quarter by. The heap is reported after a
# collection, which is conservative: what a stack no longer needs may keep something.
HEAP_SLACK = 16 * 1024
RESIDENT_SLACK = 512 * 1024

# How late a timer or a timed wait may be; 64 threads share the machine with other tests.
LATE = 1.0

SCRIPT = """
import gc, queue, random, threading, time
random.seed({seed})
stopping = threading.Event()
latest = 0.0
counts = {{}}
local = threading.local()

def count(what):
    counts[what] = counts.get(what, 0) + 1

def late(ms_since, seconds):
    global latest
    latest = max(latest, time.ticks_diff(time.ticks_ms(), ms_since) / 1000 - seconds)

# A pool: tasks and results.
tasks, results = queue.Queue(32), queue.Queue()
def worker():
    local.done = 0
    while True:
        task = tasks.get()
        if task is None:
            return
        local.done += 1
        results.put([task, local.done])
        tasks.task_done()
def asks():
    n = 0
    while not stopping.is_set():
        tasks.put(n)
        n += 1
        if n % 64 == 0:
            tasks.join()
            for i in range(64):
                results.get()
            count("tasks")
            time.sleep(0.001)

# A pipeline of three stages.
first, second, third = queue.SimpleQueue(), queue.LifoQueue(16), queue.PriorityQueue(16)
def stage(source, sink):
    while True:
        item = source.get()
        sink.put(item)
        if item == END:
            source.put(END)
            return
END = 1 << 29
def feeds():
    while not stopping.is_set():
        # No more than the stages take: on a slow machine they would fill the heap.
        for i in range(20 - min(first.qsize(), 20)):
            first.put(i)
        time.sleep(0.002)
    first.put(END)
def drains():
    while third.get() != END:
        count("items")

# Barriers, and a condition with its lock.
barrier = threading.Barrier(6, timeout=60)
def meets():
    while True:
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            return
        count("rounds")
        time.sleep(random.random() * 0.003)
condition = threading.Condition()
def turns(me, of):
    while not stopping.is_set():
        with condition:
            condition.wait_for(lambda: stopping.is_set() or counts.get("turns", 0) % of == me, 5)
            count("turns")
            condition.notify_all()
        time.sleep(0.001)

# Timed waits, timers, and threads that come and go, one with an exception.
def waits():
    never = threading.Event()
    semaphore = threading.Semaphore(0)
    while not stopping.is_set():
        seconds = random.randrange(1, 30) / 1000
        start = time.ticks_ms()
        if random.randrange(2):
            never.wait(seconds)
        else:
            semaphore.acquire(timeout=seconds)
        late(start, seconds)
        count("waits")
def times():
    while not stopping.is_set():
        fired = threading.Event()
        start = time.ticks_ms()
        timer = threading.Timer(0.01, fired.set)
        cancelled = threading.Timer(60, fired.set)
        timer.start()
        cancelled.start()
        cancelled.cancel()
        fired.wait()
        late(start, 0.01)
        timer.join()
        cancelled.join()
        count("timers")
def dies(n):
    local.big = bytearray(500)
    if n % 2:
        raise ValueError
def excepthook(args):
    if args.exc_type is ValueError:
        count("deaths")
    else:
        threading.__excepthook__(args)
threading.excepthook = excepthook
def spawns():
    n = 0
    while not stopping.is_set():
        thread = threading.Thread(target=dies, args=(n,))
        thread.start()
        thread.join()
        n += 1
        time.sleep(0.002)

targets = [(worker, ())] * 16 + [(asks, ())]
targets += [(stage, (first, second))] * 4 + [(stage, (second, third))] * 4 + [(feeds, ()), (drains, ())]
targets += [(meets, ())] * 6 + [(turns, (i, 4)) for i in range(4)]
targets += [(waits, ())] * 16 + [(times, ())] * 6 + [(spawns, ())] * 5
threads = [threading.Thread(target=target, args=args) for target, args in targets]
for thread in threads:
    thread.start()
started = time.ticks_ms()
print(len(threads))
while time.ticks_diff(time.ticks_ms(), started) < {seconds} * 1000:
    time.sleep({report})
    gc.collect()
    print("report", gc.mem_alloc(), latest)
stopping.set()
barrier.abort()
with condition:
    condition.notify_all()
for thread in threads[16:]:
    thread.join()
for thread in threads[:16]:
    tasks.put(None)
for thread in threads[:16]:
    thread.join()
print("end", threading.active_count(), min(counts.values()), len(counts), latest)
"""


@stress
def test_soak(t):
    for _ in t.repeats(1):
        seconds = max(t.stress, SHORT)
        t.deadline += seconds
        script = SCRIPT.format(seed=t.seed, seconds=seconds, report=REPORT * t.slow)
        p = t.start(script, options=["-X", "heapsize=256k"])
        p.line("64")
        heap, resident = [], []
        while True:
            what, *numbers = p.next_line()[1].split()
            if what != "report":
                break
            heap.append(int(numbers[0]))
            resident.append(p.resident())
        p.check_equal("threads at the end", ("end", "1"), (what, numbers[0]))
        p.check_equal("kinds of work", "7", numbers[2])
        p.finish()
        t.counts["ms late at most"] = round(1000 * float(numbers[3]))
        t.counts["KB of heap"] = max(heap) // 1024
        t.counts["KB resident"] = max(resident) // 1024
        for name, values, slack in (
            ("heap", heap, HEAP_SLACK), ("resident memory", resident, RESIDENT_SLACK)
        ):
            before = max(values[: len(values) // 4 + 1])
            if max(values) > before + slack:
                p.fail("%s: grew from %d to %d bytes" % (name, before, max(values)))
        if float(numbers[3]) > LATE * t.slow:
            p.fail("expected waits to end in time, one was %s s late" % numbers[3])
