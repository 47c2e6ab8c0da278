"""What make bench measures, as a program for every Python that it compares.

    INTERPRETER cases.py CASE ARGUMENT...

prints one line: a list of numbers. Each function from the line "The cases" on is a case and says
what it prints. yardstick.c has some of them in C.
"""

import gc
import os
import sys
import time

try:
    import queue
    import threading
except ImportError:
    # Stock MicroPython takes the edition in Python.
    sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/lib")
    import queue
    import threading

if hasattr(time, "ticks_us"):
    now_us = time.ticks_us
else:

    def now_us():
        return time.perf_counter_ns() // 1000


MARK = "/no-such-file-but-a-mark"
UNROLLED = 10
SLICE_US = 10000
LONG = 10  # seconds: longer than any wait

# An operation: its name, what comes before it, and what is repeated.
OPERATIONS = (
    ("().count(0)", "", "().count(0)"),
    ("with lock", "a = threading.Lock()", "with a: pass"),
    ("with rlock", "a = threading.RLock()", "with a: pass"),
    ("with rlock, nested", "a = threading.RLock(); a.acquire()", "with a: pass"),
    ("semaphore acquire, release", "a = threading.Semaphore()", "a.acquire(); a.release()"),
    ("event set, clear", "a = threading.Event()", "a.set(); a.clear()"),
    ("event is_set", "a = threading.Event()", "a.is_set()"),
    ("event wait, set", "a = threading.Event(); a.set()", "a.wait()"),
    ("condition with, notify", "a = threading.Condition()", "with a: a.notify()"),
    ("Queue put, get", "a = queue.Queue()", "a.put(1); a.get()"),
    ("Queue(10) put, get", "a = queue.Queue(10)", "a.put(1); a.get()"),
    ("Queue put_nowait, get_nowait", "a = queue.Queue()", "a.put_nowait(1); a.get_nowait()"),
    (
        "Queue(10) put, get, timeout=",
        "a = queue.Queue(10)",
        "a.put(1, timeout=1); a.get(timeout=1)",
    ),
    ("LifoQueue put, get", "a = queue.LifoQueue()", "a.put(1); a.get()"),
    ("PriorityQueue put, get", "a = queue.PriorityQueue()", "a.put(1); a.get()"),
    ("SimpleQueue put, get", "a = queue.SimpleQueue()", "a.put(1); a.get()"),
    ("current_thread()", "f = threading.current_thread", "f()"),
    ("local get", "a = threading.local(); a.x = 1", "a.x"),
    ("local set", "a = threading.local(); a.x = 1", "a.x = 2"),
    ("new Lock", "f = threading.Lock", "f()"),
    ("new Event", "f = threading.Event", "f()"),
    ("new Queue", "f = queue.Queue", "f()"),
    ("new Condition", "f = threading.Condition", "f()"),
)


def repeated(before, operation):
    """A function of n that repeats the operation UNROLLED * n times and returns microseconds."""
    lines = ["def run(n):", " " + (before or "pass"), " begin = now_us()", " for _ in range(n):"]
    lines += ["  " + operation] * UNROLLED + [" return now_us() - begin"]
    names = {"now_us": now_us, "queue": queue, "threading": threading}
    exec("\n".join(lines), names)
    return names["run"]


def fastest(runs, slices):
    """For each run(n) the nanoseconds of one operation in the fastest of its slices, of about SLICE_US
    each. They take turns: for seconds at a time a machine may be 1.7 times slower than else."""
    numbers = []
    for run in runs:
        n = 100
        while run(n) < SLICE_US // 10:
            n *= 2
        numbers.append(max(n * SLICE_US // max(run(n), 1), 1))
    rounds = [[run(n) for run, n in zip(runs, numbers)] for _ in range(slices)]
    return [min(times) * 1000 / n / UNROLLED for times, n in zip(zip(*rounds), numbers)]


def start(function, *args):
    thread = threading.Thread(target=function, args=args)
    thread.start()
    return thread


def start_all(number, function, *args):
    return [start(function, index, *args) for index in range(number)]


def join_all(threads):
    for thread in threads:
        thread.join()


class Blocked:
    """Threads that wait until the end of a with statement."""

    def __init__(self, number):
        self.gate = threading.Event()
        self.threads = start_all(number, self.wait)

    def wait(self, index):
        self.gate.wait()

    def __enter__(self):
        time.sleep(0.05)

    def __exit__(self, *args):
        self.gate.set()
        join_all(self.threads)


def mark():
    """Leaves a trace in strace's output: system calls are counted from mark to mark."""
    try:
        open(MARK)
    except OSError:
        pass


def new_queue(kind, maxsize):
    kind = getattr(queue, kind)
    return kind(maxsize) if maxsize else kind()


# The cases.


def operations(slices):
    """The nanoseconds of each of OPERATIONS."""
    return fastest([repeated(before, operation) for _, before, operation in OPERATIONS], slices)


def allocations():
    """The bytes of the heap that 100 of each of OPERATIONS take; MicroPython only."""
    results = []
    for _, before, operation in OPERATIONS:
        code = "def run():\n {}\n {}\n before = mem_alloc()\n for _ in range(100):\n  {}\n return mem_alloc() - before"
        names = {"mem_alloc": gc.mem_alloc, "queue": queue, "threading": threading}
        exec(code.format(before or "pass", operation, operation), names)
        gc.collect()
        gc.disable()
        results.append(names["run"]())
        gc.enable()
    return results


def heap_bytes():
    """The bytes of the heap of a Lock, RLock, Condition, Event, Semaphore, Barrier, Queue, LifoQueue,
    PriorityQueue, SimpleQueue, Thread; and of an item in each of the four; MicroPython only."""

    def bytes_each(n, make):
        objects = [None] * n
        gc.collect()
        before = gc.mem_alloc()
        for i in range(n):
            objects[i] = make()
        gc.collect()
        return (gc.mem_alloc() - before) / n

    def nothing():
        pass

    names = ("Lock", "RLock", "Condition", "Event", "Semaphore")
    results = [bytes_each(100, getattr(threading, name)) for name in names]
    results.append(bytes_each(100, lambda: threading.Barrier(2)))
    kinds = ("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue")
    results += [bytes_each(100, getattr(queue, kind)) for kind in kinds]
    results.append(bytes_each(100, lambda: threading.Thread(target=nothing)))
    for kind in kinds:
        q = new_queue(kind, 0)
        results.append(bytes_each(4096, lambda: q.put(1)))
    return results


def resident(number):
    """The bytes of memory that each of so many blocked threads adds to the resident set."""

    def now():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    with Blocked(1):
        before = now()
        with Blocked(number):
            return [(now() - before) / number]


def full(kind, items):
    """The nanoseconds of put and get of a queue that holds so many items."""
    q = new_queue(kind, 0)
    for i in range(items):
        q.put(i)
    names = {"now_us": now_us, "q": q}
    exec(
        "def run(n):\n begin = now_us()\n for _ in range(n):\n"
        + "  q.put(q.get())\n" * UNROLLED
        + " return now_us() - begin",
        names,
    )
    return fastest([names["run"]], 20)


def beside(number, slices, rounds):
    """Beside so many blocked threads: the nanoseconds of each of OPERATIONS, then of a round of
    ping_pong() of each of HAND_OVERS."""
    with Blocked(number):
        results = operations(slices)
        for kind in HAND_OVERS:
            times = sorted(ping_pong(kind, rounds)[:rounds])
            results.append(times[rounds // 2] * 1000)
        return results


def pipeline(kind, maxsize, producers, consumers, items):
    """The time in which the producers put so many items in all and the consumers get them."""
    q = new_queue(kind, maxsize)
    ready = threading.Barrier(producers + consumers + 1)

    def put(index):
        ready.wait()
        for i in range(items // producers):
            q.put(i)

    def get(index):
        ready.wait()
        for _ in range(items // consumers):
            q.get()

    threads = start_all(producers, put) + start_all(consumers, get)
    mark()
    ready.wait()
    begin = now_us()
    join_all(threads)
    elapsed = now_us() - begin
    mark()
    return [elapsed]


BATCH = 10
HAND_OVERS = ("Queue", "Event", "Semaphore")


def ping_pong(kind, rounds):
    """Two threads wait for each other in turn: the microseconds of a round, of batches of rounds as
    their means; then of single rounds."""
    if kind == "Event":
        a, b = threading.Event(), threading.Event()

        def ping():
            a.set()
            b.wait()
            b.clear()

        def pong():
            a.wait()
            a.clear()
            b.set()

    elif kind == "Semaphore":
        a, b = threading.Semaphore(0), threading.Semaphore(0)

        def ping():
            a.release()
            b.acquire()

        def pong():
            a.acquire()
            b.release()

    else:
        a, b = queue.Queue(), queue.Queue()

        def ping():
            a.put(None)
            b.get()

        def pong():
            a.get()
            b.put(None)

    def answer():
        for _ in range(rounds * (BATCH + 1)):
            pong()

    times = [0] * (2 * rounds)
    thread = start(answer)
    for i in range(rounds):
        begin = now_us()
        for _ in range(BATCH):
            ping()
        middle = now_us()
        ping()
        times[i] = (middle - begin) / BATCH
        times[rounds + i] = now_us() - middle
    thread.join()
    return times


def start_join(samples, alive):
    """The microseconds that it takes to start a thread that does nothing and to join it, beside so
    many that live."""

    def nothing():
        pass

    times = [0] * samples
    with Blocked(alive):
        for i in range(samples):
            begin = now_us()
            start(nothing).join()
            times[i] = now_us() - begin
    return times


def overshoot(kind, samples):
    """By how many microseconds a wait of 50 ms is too long."""
    if kind == "Event":
        wait = threading.Event().wait
    elif kind == "Lock":
        lock = threading.Lock()
        lock.acquire()

        def wait(timeout):
            lock.acquire(timeout=timeout)

    else:
        q = queue.Queue()

        def wait(timeout):
            try:
                q.get(timeout=timeout)
            except queue.Empty:
                pass

    times = [0] * samples
    for i in range(samples):
        begin = now_us()
        wait(0.05)
        times[i] = now_us() - begin - 50000
    return times


def wake(samples):
    """The microseconds from set() to the return of a wait with a timeout, in another thread."""
    events = [threading.Event() for _ in range(samples)]
    done = threading.Semaphore(0)
    times = [0] * samples

    def wait():
        for i in range(samples):
            events[i].wait(LONG)
            times[i] = now_us() - times[i]
            done.release()

    thread = start(wait)
    for i in range(samples):
        time.sleep(0.002)
        times[i] = now_us()
        events[i].set()
        done.acquire()
    thread.join()
    return times


def broadcast(waiters, samples):
    """The microseconds from set() until the last of so many waiters runs."""
    events = [threading.Event() for _ in range(samples)]
    done = threading.Semaphore(0)
    last = [0] * waiters

    def wait(index):
        for event in events:
            event.wait()
            last[index] = now_us()
            done.release()

    threads = start_all(waiters, wait)
    times = [0] * samples
    for i in range(samples):
        time.sleep(0.002)
        begin = now_us()
        events[i].set()
        for _ in range(waiters):
            done.acquire()
        times[i] = max(last) - begin
    join_all(threads)
    return times


def blocked(waiters, ms):
    """So many threads wait with a timeout. How often each of them sleeps in the kernel from that wait
    to the next (voluntary context switches), and the processor's time in ms."""
    cpu = getattr(time, "process_time", None) or time.clock
    gate = threading.Event()
    done = threading.Semaphore(0)

    def wait(index):
        gate.wait(ms / 1000)
        done.release()
        gate.wait()

    begin = cpu()
    threads = start_all(waiters, wait)
    time.sleep(ms / 2000)
    before = voluntary_switches()
    for _ in threads:
        done.acquire()
    time.sleep(0.05)
    sleeps = voluntary_switches() - before
    used = cpu() - begin
    gate.set()
    join_all(threads)
    return [sleeps / waiters, used * 1000]


def voluntary_switches():
    """Of all threads but this one, the first."""
    total = 0
    for thread in sorted(os.listdir("/proc/self/task"), key=int)[1:]:
        with open("/proc/self/task/" + thread + "/status") as status:
            total += int(status.read().split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return total


def increments(ms, *numbers):
    """For so many threads at a time that increment a number under one lock: increments a ms."""
    slices = 20
    steps, times = [0] * len(numbers), [0] * len(numbers)
    lock = threading.Lock()
    count = [0]

    def increment(index, end):
        while now_us() < end:
            for _ in range(100):
                with lock:
                    count[0] += 1

    for _ in range(slices):
        for i, number in enumerate(numbers):
            count[0] = 0
            begin = now_us()
            join_all(start_all(number, increment, begin + ms * 1000 // slices))
            steps[i] += count[0]
            times[i] += now_us() - begin
    return [n * 1000 / us for n, us in zip(steps, times)]


if __name__ == "__main__":
    values = [int(a) if a.isdigit() else a for a in sys.argv[2:]]
    print(globals()[sys.argv[1]](*values))
