"""Ctrl-C at random moments while other threads put, get, notify and release: nothing is lost.

MicroPython raises KeyboardInterrupt at jumps and in blocking calls only. A line without a jump,
`got.append(q.get())`, therefore either did both or neither, and the sums must be exact.
"""

import signal
import time

from variant.harness import HOOKED, stress

# One signal after the other is handled: MicroPython ends at a second one that comes before.
SIGNALS = 50

# The longest time between two signals: some find the main thread awake, some asleep.
LONGEST_PAUSE = 0.004


# tell() is called where KeyboardInterrupt is caught. The next signal is sent when its line is out.
BEFORE = """
N = %d
interrupts = 0
told = -1
def tell(*what):
    global told
    if told < interrupts:
        told += 1
        print("interrupted" if told else "ready", *what)
""" % SIGNALS


def interrupt_at_random(t, script, stdout):
    """Sends N signals, each when the script has told of the one before."""
    for _ in t.repeats(1):
        p = t.start(BEFORE + script)
        p.line("ready")
        for _ in range(SIGNALS):
            time.sleep(t.random.random() ** 2 * LONGEST_PAUSE)
            p.signal(signal.SIGINT)
            p.line("interrupted")
        p.finish(0, "ready\n" + SIGNALS * "interrupted\n" + stdout)


# The producer pauses now and then, so that the getter blocks as often as not.
GET = """
import queue, threading, time
got = []
sent = 0

def produce(q):
    global sent
    while interrupts < N:
        sent += 1
        q.put(sent)
        if sent %% 3 == 0:
            time.sleep(0.0001 * (sent %% 7))
    q.put(None)

%s

q = %s
producer = threading.Thread(target=produce, args=(q,))
producer.start()
while not got or got[-1] is not None:
    try:
        tell()
        while not got or got[-1] is not None:
            got.append(q.get(%s))
    except KeyboardInterrupt:
        interrupts += 1
producer.join()
print(len(got) == sent + 1, sum(got[:-1]) == sent * (sent + 1) // 2, q.qsize())
"""


def check_get(t, kind, arguments="", prelude=""):
    interrupt_at_random(t, GET % (prelude, kind, arguments), "True True 0\n")


@stress
def test_queue_get(t):
    check_get(t, "queue.Queue()")


@stress
def test_queue_get_timeout(t):
    check_get(t, "queue.Queue()", "timeout=30")


@stress
def test_queue_get_bounded(t):
    check_get(t, "queue.Queue(2)")


@stress
def test_simple_queue_get(t):
    check_get(t, "queue.SimpleQueue()")


@stress
def test_priority_queue_get(t):
    # None cannot be compared: the end is the greatest item.
    script = GET.replace("q.put(None)", "q.put(END)").replace("is not None", "!= END")
    interrupt_at_random(
        t, "END = 1 << 29\n" + script % ("", "queue.PriorityQueue()", ""), "True True 0\n"
    )


@stress
def test_hooked_queue_get(t):
    check_get(t, "Hooked()", prelude=HOOKED)


# Two more threads get from the same queue: an item for which an interrupted thread was woken must
# wake another, else that one sleeps on beside an item, and the producer waits for ever for room.
SHARED = """
import queue, threading, time
sent = 0
taken = [[], [], []]

def take(mine):
    while True:
        mine.append(q.get())
        if mine[-1] is None:
            return

def produce():
    global sent
    while interrupts < N:
        sent += 1
        q.put(sent)
        if sent %% 5 == 0:
            time.sleep(0.0002)
        while sent %% 50 == 0 and q.qsize() > 0:
            time.sleep(0.0001)
    for _ in taken:
        q.put(None)

q = %s
threads = [threading.Thread(target=take, args=(mine,)) for mine in taken[1:]]
threads.append(threading.Thread(target=produce))
for thread in threads:
    thread.start()
mine = taken[0]
while not mine or mine[-1] is not None:
    try:
        tell()
        take(mine)
    except KeyboardInterrupt:
        interrupts += 1
for thread in threads:
    thread.join()
print(sum(sum(mine[:-1]) for mine in taken) == sent * (sent + 1) // 2, q.qsize())
"""


def check_shared(t, kind):
    interrupt_at_random(t, SHARED % kind, "True 0\n")


@stress
def test_queue_shared(t):
    check_shared(t, "queue.Queue(4)")


@stress
def test_simple_queue_shared(t):
    check_shared(t, "queue.SimpleQueue()")


# The main thread puts; what an interrupted put() has not put is put again.
@stress
def test_queue_put(t):
    interrupt_at_random(
        t,
        """
import queue, threading, time
q = queue.Queue(2)
got = []
def take():
    while not got or got[-1] is not None:
        got.append(q.get())
        if len(got) % 3 == 0:
            time.sleep(0.0001 * (len(got) % 7))
taker = threading.Thread(target=take)
taker.start()
i = 0
while interrupts < N:
    try:
        tell()
        while True:
            i += q.put(i) is None
    except KeyboardInterrupt:
        interrupts += 1
tell()
q.put(None)
taker.join()
print(got == list(range(i)) + [None])
""",
        "True\n",
    )


# A permit is neither lost nor doubled: acquire() either took it, or raised.
PERMITS = """
import threading, time
lock = threading.%s
held = most = 0
def compete():
    global held, most
    while interrupts < N:
        lock.acquire()
        held += 1
        most = max(most, held)
        time.sleep(0.0001)
        held -= 1
        lock.release()
        time.sleep(0.0001)
threads = [threading.Thread(target=compete) for _ in range(2)]
for thread in threads:
    thread.start()
owned = []
while interrupts < N:
    try:
        tell(*owned)
        while True:
            owned.append(lock.acquire(%s))
            held += 1
            most = max(most, held)
            held -= 1
            lock.release()
            owned.pop()
    except KeyboardInterrupt:
        interrupts += 1
tell(*owned)
for thread in threads:
    thread.join()
print(most)
print(lock.acquire(False), lock.acquire(False))
"""


@stress
def test_lock(t):
    interrupt_at_random(t, PERMITS % ("Lock()", ""), "1\nTrue False\n")


@stress
def test_lock_timeout(t):
    interrupt_at_random(t, PERMITS % ("Lock()", "True, 30"), "1\nTrue False\n")


@stress
def test_semaphore(t):
    interrupt_at_random(t, PERMITS % ("Semaphore()", ""), "1\nTrue False\n")


@stress
def test_rlock(t):
    interrupt_at_random(t, PERMITS % ("RLock()", ""), "1\nTrue True\n")


# Each notify() wakes one of two waiters, or the main thread that leaves passes it on.
@stress
def test_condition(t):
    interrupt_at_random(
        t,
        """
import threading, time
condition = threading.Condition()
tokens = taken = 0
def take():
    global tokens, taken
    with condition:
        while tokens == 0 and interrupts < N:
            condition.wait()
        if tokens:
            tokens -= 1
            taken += 1
def consume():
    while interrupts < N:
        take()
def produce():
    global tokens, sent
    sent = 0
    while interrupts < N:
        with condition:
            tokens += 1
            sent += 1
            condition.notify()
        # All are taken, though nobody else notifies: no notification was lost.
        end = time.time() + 10
        while tokens and time.time() < end:
            time.sleep(0.0001)
        if tokens:
            print("lost", tokens, condition)
            break
threads = [threading.Thread(target=consume), threading.Thread(target=produce)]
for thread in threads:
    thread.start()
while interrupts < N:
    try:
        tell()
        while True:
            take()
    except KeyboardInterrupt:
        interrupts += 1
tell()
with condition:
    condition.notify() # in place of one whose token the last interruption kept it from taking
threads[1].join()
with condition:
    condition.notify_all()
threads[0].join()
print(sent == taken + tokens, repr(condition).split(", ")[-1], condition.acquire(False))
""",
        "True 0)> True\n",
    )


# Of three in a round the main one comes and goes; the count is right each time.
@stress
def test_barrier(t):
    interrupt_at_random(
        t,
        """
import threading, time
barrier = threading.Barrier(2)
rounds = 0
def meet():
    global rounds
    while interrupts < N:
        barrier.wait()
        rounds += 1
        if rounds % 3 == 0:
            time.sleep(0.0005)
thread = threading.Thread(target=meet, daemon=True)
thread.start()
while interrupts < N:
    try:
        tell()
        while True:
            barrier.wait()
    except KeyboardInterrupt:
        interrupts += 1
tell()
end = time.time() + 10
while thread.is_alive() and time.time() < end:
    if barrier.n_waiting == 1:
        barrier.wait()
    time.sleep(0.001)
print(thread.is_alive(), barrier.n_waiting, barrier.broken)
""",
        "False 0 False\n",
    )
