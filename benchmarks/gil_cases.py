"""What make bench-gil measures, as a program for every Python that it compares.

    INTERPRETER gil_cases.py CASE NUMBER...

prints one line: a list of numbers, times in microseconds. Each function at the end of the file is
a case and says what it prints. Where there is no threading (stock MicroPython), _thread's locks
stand for it. gil_yardstick.c has some of the cases in C.
"""

import _thread
import gc
import sys
import time

try:
    import queue
    import threading
except ImportError:
    queue = threading = None

if hasattr(time, "ticks_us"):
    now_us = time.ticks_us
else:

    def now_us():
        return time.perf_counter_ns() // 1000


cpu_time = getattr(time, "process_time", None) or time.clock  # seconds

STEPS = 500  # a hog looks at the clock once in so many steps: 10 to 30 us
SLEEP_US = 10000
WINDOW_US = 100000
MARK = "/no-such-file-but-a-mark"
SLICES = 20
WARM_UP = 5  # samples left out: the hogs are just starting


def start(function, *args):
    """Starts a thread; returns what waits for its end."""
    if threading:
        thread = threading.Thread(target=function, args=args)
        thread.start()
        return thread.join
    done = _thread.allocate_lock()
    done.acquire()

    def run():
        function(*args)
        done.release()

    _thread.start_new_thread(run, ())
    return done.acquire


def start_all(number, function, *args):
    return [start(function, index, *args) for index in range(number)]


def join_all(joins):
    for join in joins:
        join()


def new_lock(taken=False):
    lock = threading.Lock() if threading else _thread.allocate_lock()
    if taken:
        lock.acquire()
    return lock


def busy(index, stop):
    n = 0
    while not stop:
        for _ in range(STEPS):
            n += 1


def count(index, end, results):
    n = 0
    while now_us() < end:
        for _ in range(STEPS):
            n += 1
    results[index] = n


class Blocked:
    """Threads that wait until the end of a with statement."""

    def __init__(self, number):
        self.gate = threading.Event() if threading else new_lock(taken=True)
        self.joins = start_all(number, self.wait)
        time.sleep(0.1)

    def wait(self, index):
        if threading:
            self.gate.wait()
        else:
            self.gate.acquire()
            self.gate.release()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        if threading:
            self.gate.set()
        else:
            self.gate.release()
        join_all(self.joins)


class Progress:
    """Counts what one thread does: the steps of its poorest window, and its longest pause."""

    def __init__(self, begins, windows):
        self.begins = begins  # empty until all threads run; then the time that counting begins
        self.last = 0
        self.counts = [0] * windows
        self.pause = 0

    def add(self, steps):
        """Counts steps done until now; says whether to go on."""
        if not self.begins:
            return True
        now, start = now_us(), self.begins[0]
        end = start + len(self.counts) * WINDOW_US
        if now > start:
            self.pause = max(self.pause, min(now, end) - max(start, self.last))
            self.last = now
            if now < end:
                self.counts[(now - start) // WINDOW_US] += steps
        return now < end


# The cases.


def throughput(ms, *numbers):
    """For so many threads at a time: the steps that all of them do in a millisecond; then the same
    in a millisecond of the processor's time. The numbers take turns, in slices of the time: the
    machine may be faster in one second than in the next."""
    steps, times, cpu_times = ([0] * len(numbers) for _ in range(3))
    for _ in range(SLICES):
        for i, number in enumerate(numbers):
            results = [0] * number
            begin, cpu_begin = now_us(), cpu_time()
            join_all(start_all(number, count, begin + ms * 1000 // SLICES, results))
            steps[i] += sum(results)
            times[i] += now_us() - begin
            cpu_times[i] += cpu_time() - cpu_begin
    rates = [n * 1000 / us for n, us in zip(steps, times)]
    return rates + [n / 1000 / s for n, s in zip(steps, cpu_times)]


def lateness(hogs, samples):
    """By how much each sleep of 10 ms was too long."""
    stop = []
    joins = start_all(hogs, busy, stop)
    late = [0] * (samples + WARM_UP)
    for i in range(len(late)):
        begin = now_us()
        time.sleep(SLEEP_US / 1000000)
        late[i] = now_us() - begin - SLEEP_US
    stop.append(True)
    join_all(joins)
    return late[WARM_UP:]


def progress(hogs, sleepers, windows):
    """The least steps of a hog in a window, the least sleeps, and anybody's longest pause."""
    begins = []  # when all run

    def hog(index, all):
        n = 0
        while all[index].add(STEPS):
            for _ in range(STEPS):
                n += 1

    def sleeper(index, all):
        while all[index].add(1):
            time.sleep(SLEEP_US / 1000000)

    busy = [Progress(begins, windows) for _ in range(hogs)]
    lazy = [Progress(begins, windows) for _ in range(sleepers)]
    joins = start_all(hogs, hog, busy) + start_all(sleepers, sleeper, lazy)
    begins.append(now_us() + WINDOW_US)
    join_all(joins)
    return [
        min(min(p.counts) for p in busy),
        min(min(p.counts) for p in lazy),
        max(p.pause for p in busy + lazy),
    ]


def mark():
    """Leaves a trace in strace's output: system calls are counted from mark to mark."""
    try:
        open(MARK)
    except OSError:
        pass


def timed(rounds, function):
    mark()
    begin = now_us()
    function()
    elapsed = now_us() - begin
    mark()
    return [elapsed / max(rounds, 1)]


def ping_pong(rounds, ping, pong):
    """A round: this thread does ping(), the other pong(), each waiting for the other."""

    def repeat(index, function):
        for _ in range(rounds):
            function()

    join = start(repeat, 1, pong)
    result = timed(rounds, lambda: repeat(0, ping))
    join()
    return result


def ping_pong_locks(rounds, a, b):
    def ping():
        a.release()
        b.acquire()

    def pong():
        a.acquire()
        b.release()

    return ping_pong(rounds, ping, pong)


def ping_pong_queues(rounds, a, b):
    def ping():
        a.put(None)
        b.get()

    def pong():
        a.get()
        b.put(None)

    return ping_pong(rounds, ping, pong)


def ping_pong_lock(rounds):
    """The time of a round, through two locks."""
    return ping_pong_locks(rounds, new_lock(taken=True), new_lock(taken=True))


def ping_pong_thread_lock(rounds):
    """The same through the locks of _thread."""
    a, b = _thread.allocate_lock(), _thread.allocate_lock()
    a.acquire()
    b.acquire()
    return ping_pong_locks(rounds, a, b)


def ping_pong_event(rounds):
    """The same through two events."""
    a, b = threading.Event(), threading.Event()

    def ping():
        a.set()
        b.wait()
        b.clear()

    def pong():
        a.wait()
        a.clear()
        b.set()

    return ping_pong(rounds, ping, pong)


def ping_pong_queue(rounds):
    """The same through two queues."""
    return ping_pong_queues(rounds, queue.Queue(), queue.Queue())


def ping_pong_simple_queue(rounds):
    """The same through two simple queues."""
    return ping_pong_queues(rounds, queue.SimpleQueue(), queue.SimpleQueue())


def uncontended_lock(rounds):
    """The time of acquire() and release() while nobody else wants the lock."""
    lock = new_lock()

    def repeat():
        for _ in range(rounds):
            lock.acquire()
            lock.release()

    with Blocked(1):
        return timed(rounds, repeat)


def uncontended_queue(rounds):
    """The time of put() and get() of a queue that nobody else uses."""
    q = queue.Queue()

    def repeat():
        for _ in range(rounds):
            q.put(None)
            q.get()

    with Blocked(1):
        return timed(rounds, repeat)


def collect(blocked, samples):
    """The times of gc.collect() with some 400 KB of live data beside so many blocked threads."""
    live = [[i, str(i)] for i in range(3500)]
    times = [0] * samples
    with Blocked(blocked):
        gc.collect()
        for i in range(samples):
            garbage = [[j] for j in range(500)]
            garbage = None
            begin = now_us()
            gc.collect()
            times[i] = now_us() - begin
    assert len(live) == 3500 and garbage is None
    return times


def start_join(rounds):
    """The time that starting a thread that does nothing and waiting for its end takes."""

    def nothing(index):
        pass

    def repeat():
        for index in range(rounds):
            start(nothing, index)()

    return timed(rounds, repeat)


if __name__ == "__main__":
    print(globals()[sys.argv[1]](*[int(argument) for argument in sys.argv[2:]]))
