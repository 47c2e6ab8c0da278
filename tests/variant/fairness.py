"""Fairness, as a smoke test: loose bands, on any machine. Figures are the benchmarks' business."""

from variant.harness import Skip, alone, least_late

# Every thread that computes runs at least once in so long a time.
WINDOW = 0.2

# What a sleeper may have to wait for the GIL beside threads that compute, in the median.
LATENESS = 0.002

# A program that computes all the time had a processor of its own if it used so much of one.
SHARE = 0.9


@alone
def test_computing_threads_progress(t):
    def attempt():
        # The main thread sleeps meanwhile: each time it comes, the GIL changes hands anyway.
        p = t.run(
            """
            import threading, time
            WINDOW = %g
            counts = [0] * 4
            stop = False
            def work(i):
                while not stop:
                    counts[i] += 1
            for i in range(4):
                threading.Thread(target=work, args=(i,)).start()
            time.sleep(0.05)
            still = [0] * 4
            longest = 0
            for _ in range(8):
                before = counts[:]
                time.sleep(WINDOW)
                for i in range(4):
                    still[i] = still[i] + WINDOW if counts[i] == before[i] else 0
                longest = max(longest, *still)
            stop = True
            print(longest)
            """
            % (WINDOW * t.slow)
        )
        return float(p.stdout)

    least_late(t, 0, attempt, "windows without progress")


# Prints what it measured, and how much of a processor the program had meanwhile.
BEGIN = """
import queue, threading, time
stop = False
def compute():
    while not stop:
        pass
for _ in range(%d):
    threading.Thread(target=compute).start()
began, used = time.time(), time.clock()
def end(late):
    share = (time.clock() - used) / (time.time() - began)
    global stop
    stop = True
    print(sorted(late)[len(late) // 2], share)
"""

SLEEPER = """
late = []
for _ in range(60):
    start = time.time()
    %s
    late.append(time.time() - start - 0.01)
end(late)
"""


def undisturbed(t, script):
    """What the script prints, a number, from a run in which it always had a processor.

    The thread that holds the GIL hands it on when it runs: on a machine that lets it wait, the
    figure says nothing of the interpreter.
    """
    for _ in range(5):
        result, share = map(float, t.run(script).stdout.split())
        if share >= SHARE:
            return result
    raise Skip("the machine is too busy for this measurement")


def sleeper(t, hogs, wait):
    def attempt():
        return undisturbed(t, BEGIN % hogs + SLEEPER % wait)

    least_late(t, LATENESS, attempt, "median lateness of a thread that sleeps 10 ms")


@alone
def test_sleeper(t):
    sleeper(t, 1, "time.sleep(0.01)")


@alone
def test_sleeper_beside_two(t):
    sleeper(t, 2, "time.sleep(0.01)")


@alone
def test_sleeper_beside_many(t):
    sleeper(t, 8, "time.sleep(0.01)")


@alone
def test_timeout(t):
    sleeper(t, 2, "threading.Event().wait(0.01)")


# One that another thread wakes stands behind those that compute, each with its interval of 5 ms.
@alone
def test_woken_thread(t):
    script = """
q = queue.Queue()
late = []
def get():
    for _ in range(30):
        start = q.get()
        late.append(time.time() - start)
getter = threading.Thread(target=get)
getter.start()
for _ in range(30):
    time.sleep(0.005)
    q.put(time.time())
getter.join()
end(late)
"""
    least_late(t, 0.03, lambda: undisturbed(t, BEGIN % 2 + script), "median lateness of a woken thread")


# Eight that compute and eight that sleep: nobody starves.
@alone
def test_all_progress(t):
    def attempt():
        p = t.run(
            """
            import threading, time
            began = 0  # when the last of them was started
            last = {}
            longest = {}
            stop = False
            def note(i):
                if began:
                    now = time.time()
                    longest[i] = max(longest.get(i, 0), now - last.get(i, began))
                    last[i] = now
            def compute(i):
                while not stop:
                    for _ in range(1000):
                        pass
                    note(i)
            def sleep(i):
                while not stop:
                    time.sleep(0.01)
                    note(i)
            for i in range(16):
                threading.Thread(target=compute if i < 8 else sleep, args=(i,)).start()
            began = time.time()
            time.sleep(0.8)
            end = time.time()
            stop = True
            print(max(max(longest.get(i, 0), end - last.get(i, began)) for i in range(16)))
            """
        )
        return float(p.stdout)

    least_late(t, WINDOW, attempt, "progress of all threads")
