"""Ctrl-C in every blocking call: KeyboardInterrupt comes at once, and leaves all as it was."""

import os
import signal
import socket
import subprocess

from variant.harness import HOOKED, least_late

# How late KeyboardInterrupt may reach the main thread.
LATENESS = 0.05

# Each call is interrupted so often: one that leaves something behind fails at the second.
TIMES = 3

# Beside the main thread, one thread comes and goes and one is blocked: Ctrl-C is not for them.
BEFORE = """
import queue
import sys
import threading
import time

count = 0
stop = threading.Event()

def come_and_go():
    global count
    while not stop.is_set():
        count += 1
        time.sleep(0.002)

others = [threading.Thread(target=come_and_go), threading.Thread(target=stop.wait)]
for t in others:
    t.start()

def run(*calls):
    # Each call in a thread of its own.
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for t in threads:
        t.start()
    return threads

def join(threads):
    for t in threads:
        t.join(10)
    print("joined", [t.is_alive() for t in threads])

def wait_until(condition):
    end = time.time() + 10
    while not condition() and time.time() < end:
        time.sleep(0.001)

def interrupt(call, *args):
    for _ in range(%d):
        print("ready")
        try:
            print("returned", call(*args))
        except KeyboardInterrupt:
            print("interrupted")

def end():
    # repr() of a queue's Condition ends with the number of those that wait.
    before = count
    wait_until(lambda: count > before)
    print("others", count > before, others[1].is_alive())
    stop.set()
    join(others)

""" % TIMES

AFTER = "\nend()\n"
AFTER_OUTPUT = "others True True\njoined [False, False]\n"


def check(t, script, expected, stdin=subprocess.DEVNULL):
    """Runs the script, whose interrupt() is interrupted; it must then print what is expected."""

    def attempt():
        p = t.start(BEFORE + script.strip("\n") + AFTER, stdin=stdin)
        lateness = []
        for _ in range(TIMES):
            p.line("ready")
            p.wait_blocked()
            sent = p.signal(signal.SIGINT)
            lateness.append(p.line("interrupted") - sent)
        p.finish(0, TIMES * "ready\ninterrupted\n" + expected.lstrip("\n") + AFTER_OUTPUT)
        return max(lateness)

    least_late(t, LATENESS, attempt, "KeyboardInterrupt")


LOCK = """
lock = threading.Lock()
lock.acquire()
interrupt(lock.acquire%s)
print(lock.locked())
lock.release()
print(lock.acquire(False), lock.acquire(False))
join(run(lock.release, lock.acquire))
"""

LOCK_OUTPUT = """
True
True False
joined [False, False]
"""


def test_lock(t):
    check(t, LOCK % "", LOCK_OUTPUT)


def test_lock_timeout(t):
    check(t, LOCK % ", True, 30", LOCK_OUTPUT)


def test_lock_with(t):
    check(
        t,
        """
lock = threading.Lock()
lock.acquire()
def body():
    with lock:
        pass
interrupt(body)
print(lock.locked())
lock.release()
body()
print(lock.locked())
""",
        "True\nFalse\n",
    )


# The main thread stands between two others, which get the lock in their order.
def test_lock_in_line(t):
    check(
        t,
        """
lock = threading.Lock()
lock.acquire()
def take():
    with lock:
        print("taken")
first = run(take)
time.sleep(0.01)
later = []
def body():
    if not later:
        later.extend(run(lambda: time.sleep(0.01) or take()))
    lock.acquire()
interrupt(body)
lock.release()
join(first + later)
print(lock.locked())
""",
        "taken\ntaken\njoined [False, False]\nFalse\n",
    )


RLOCK = """
lock = threading.RLock()
let_go = threading.Event()
def hold():
    with lock:
        with lock:
            let_go.wait()
holder = run(hold)
wait_until(lambda: repr(lock).startswith("<locked"))
interrupt(lock.acquire%s)
print(repr(lock).split(" at ")[0].replace(str(holder[0].ident), "HOLDER"))
let_go.set()
join(holder)
print(lock.acquire(), lock.acquire(), repr(lock).split(" ")[-3])
"""

RLOCK_OUTPUT = """
<locked _thread.RLock object owner=HOLDER count=2
joined [False]
True True count=2
"""


def test_rlock(t):
    check(t, RLOCK % "", RLOCK_OUTPUT)


def test_rlock_timeout(t):
    check(t, RLOCK % ", True, 30", RLOCK_OUTPUT)


# After the interruption the lock is held, nobody waits, and a notification reaches another thread.
CONDITION = """
condition = threading.Condition(%s)
depth = %d
for _ in range(depth):
    condition.acquire()
interrupt(condition.%s)
print(condition._is_owned(), repr(condition).split(", ")[-1])
for _ in range(depth):
    condition.release()
print(condition._is_owned())
def wait():
    with condition:
        print("notified", condition.wait(10))
waiters = run(wait)
wait_until(lambda: repr(condition).endswith(", 1)>"))
with condition:
    condition.notify()
join(waiters)
"""

CONDITION_OUTPUT = """
True 0)>
False
notified True
joined [False]
"""


def test_condition_wait(t):
    check(t, CONDITION % ("", 1, "wait"), CONDITION_OUTPUT)


def test_condition_wait_timeout(t):
    check(t, CONDITION % ("", 1, "wait, 30"), CONDITION_OUTPUT)


def test_condition_wait_recursive(t):
    check(t, CONDITION % ("", 3, "wait"), CONDITION_OUTPUT)


def test_condition_wait_lock(t):
    check(t, CONDITION % ("threading.Lock()", 1, "wait"), CONDITION_OUTPUT)


def test_condition_wait_for(t):
    check(t, CONDITION % ("", 1, "wait_for, lambda: False"), CONDITION_OUTPUT)


def test_condition_wait_for_timeout(t):
    check(t, CONDITION % ("", 1, "wait_for, lambda: False, 30"), CONDITION_OUTPUT)


# wait() has the lock again before it raises, however long another thread keeps it.
def test_condition_lock_kept(t):
    p = t.start("""
        import threading, time
        condition = threading.Condition()
        def hold():
            with condition:
                print("held")
                time.sleep(0.2)
                print("given up")
        try:
            with condition:
                threading.Thread(target=hold).start()
                condition.wait()
        except KeyboardInterrupt:
            print("interrupted", condition._is_owned())
    """)
    p.line("held")
    p.signal(signal.SIGINT)
    p.line("given up")
    p.line("interrupted False")
    p.finish()


SEMAPHORE = """
semaphore = threading.%s(1)
semaphore.acquire()
interrupt(semaphore.acquire%s)
semaphore.release()
print(semaphore.acquire(False), semaphore.acquire(False))
join(run(semaphore.release, semaphore.acquire))
"""

SEMAPHORE_OUTPUT = """
True False
joined [False, False]
"""


def test_semaphore(t):
    check(t, SEMAPHORE % ("Semaphore", ""), SEMAPHORE_OUTPUT)


def test_semaphore_timeout(t):
    check(t, SEMAPHORE % ("Semaphore", ", True, 30"), SEMAPHORE_OUTPUT)


def test_bounded_semaphore(t):
    check(t, SEMAPHORE % ("BoundedSemaphore", ""), SEMAPHORE_OUTPUT)


EVENT = """
event = threading.Event()
interrupt(event.wait%s)
print(event.is_set())
waiters = run(event.wait)
event.set()
join(waiters)
print(event.wait())
"""

EVENT_OUTPUT = """
False
joined [False]
True
"""


def test_event(t):
    check(t, EVENT % "", EVENT_OUTPUT)


def test_event_timeout(t):
    check(t, EVENT % ", 30", EVENT_OUTPUT)


# One of three has arrived before and stays; the main thread takes itself off.
BARRIER = """
barrier = threading.Barrier(3)
waiting = run(lambda: print("passed", barrier.wait(10)))
wait_until(lambda: barrier.n_waiting == 1)
interrupt(barrier.wait%s)
print(barrier.n_waiting, barrier.broken)
waiting += run(lambda: time.sleep(0.01) or barrier.wait(10))
wait_until(lambda: barrier.n_waiting == 2)
print(barrier.wait(10))
join(waiting)
print(barrier.n_waiting, barrier.broken)
"""

BARRIER_OUTPUT = """
1 False
2
passed 0
joined [False, False]
0 False
"""


def test_barrier(t):
    check(t, BARRIER % "", BARRIER_OUTPUT)


def test_barrier_timeout(t):
    check(t, BARRIER % ", 30", BARRIER_OUTPUT)


JOIN = """
let_go = threading.Event()
threads = run(lambda: let_go.wait())
interrupt(threads[0].join%s)
print(threads[0].is_alive())
let_go.set()
join(threads)
"""

JOIN_OUTPUT = """
True
joined [False]
"""


def test_join(t):
    check(t, JOIN % "", JOIN_OUTPUT)


def test_join_timeout(t):
    check(t, JOIN % ", 30", JOIN_OUTPUT)


def test_join_timer(t):
    check(
        t,
        """
timer = threading.Timer(30, print, ["fired"])
timer.start()
interrupt(timer.join)
print(timer.is_alive())
timer.cancel()
join([timer])
""",
        "True\njoined [False]\n",
    )


# Items that another thread puts later come out, exactly and in order, to a thread that waited
# for them and then to the main thread; nobody is left in line.
GET = """
q = %s
interrupt(q.get%s)
got = []
waiters = run(lambda: got.append(q.get()))
wait_until(lambda: threading.active_count() == 4)
join(run(lambda: [q.put(i) for i in (1, 2, 3)]))
join(waiters)
print(sorted(got + [q.get_nowait(), q.get(timeout=1)]), q.qsize())
"""

GET_OUTPUT = """
joined [False]
joined [False]
[1, 2, 3] 0
"""

# SimpleQueue has no Conditions to ask.
NOBODY_WAITS = """
print([repr(c).split(", ")[-1] for c in (q.not_empty, q.not_full, q.all_tasks_done)])
"""

NOBODY_WAITS_OUTPUT = "['0)>', '0)>', '0)>']\n"

def check_get(t, kind, arguments="", prelude=""):
    check(
        t,
        prelude + GET % (kind, arguments) + NOBODY_WAITS,
        GET_OUTPUT + NOBODY_WAITS_OUTPUT,
    )


def test_queue_get(t):
    check_get(t, "queue.Queue()")


def test_queue_get_timeout(t):
    check_get(t, "queue.Queue()", ", True, 30")


def test_queue_get_bounded(t):
    check_get(t, "queue.Queue(3)")


def test_lifo_queue_get(t):
    check_get(t, "queue.LifoQueue()")


def test_lifo_queue_get_timeout(t):
    check_get(t, "queue.LifoQueue()", ", True, 30")


def test_priority_queue_get(t):
    check_get(t, "queue.PriorityQueue()")


def test_priority_queue_get_timeout(t):
    check_get(t, "queue.PriorityQueue()", ", True, 30")


def test_hooked_queue_get(t):
    check_get(t, "Hooked()", prelude=HOOKED)


def test_hooked_queue_get_timeout(t):
    check_get(t, "Hooked()", ", True, 30", HOOKED)


def test_simple_queue_get(t):
    check(t, GET % ("queue.SimpleQueue()", ""), GET_OUTPUT)


def test_simple_queue_get_timeout(t):
    check(t, GET % ("queue.SimpleQueue()", ", True, 30"), GET_OUTPUT)


# The item that could not be put is not in the queue, and room goes to the next that asks.
PUT = """
q = %s
q.put(1)
interrupt(q.put, 2%s)
print(q.qsize(), q.full())
putters = run(lambda: q.put(3))
join(run(lambda: print(q.get())))
join(putters)
print(q.get(), q.qsize(), q.unfinished_tasks)
""" + NOBODY_WAITS

PUT_OUTPUT = """
1 True
1
joined [False]
joined [False]
3 0 2
""" + NOBODY_WAITS_OUTPUT


def test_queue_put(t):
    check(t, PUT % ("queue.Queue(1)", ""), PUT_OUTPUT)


def test_queue_put_timeout(t):
    check(t, PUT % ("queue.Queue(1)", ", True, 30"), PUT_OUTPUT)


def test_lifo_queue_put(t):
    check(t, PUT % ("queue.LifoQueue(1)", ""), PUT_OUTPUT)


def test_priority_queue_put(t):
    check(t, PUT % ("queue.PriorityQueue(1)", ""), PUT_OUTPUT)


def test_hooked_queue_put(t):
    check(t, HOOKED + PUT % ("Hooked(1)", ""), PUT_OUTPUT)


JOIN_QUEUE = """
q = %s
q.put(1)
q.put(2)
interrupt(q.join)
print(q.unfinished_tasks)
joiners = run(q.join)
q.task_done()
q.task_done()
join(joiners)
q.join()
""" + NOBODY_WAITS

JOIN_QUEUE_OUTPUT = """
2
joined [False]
""" + NOBODY_WAITS_OUTPUT


def test_queue_join(t):
    check(t, JOIN_QUEUE % "queue.Queue()", JOIN_QUEUE_OUTPUT)


def test_hooked_queue_join(t):
    check(t, HOOKED + JOIN_QUEUE % "Hooked()", JOIN_QUEUE_OUTPUT)


# A queue whose mutex somebody holds.
def test_queue_mutex_held(t):
    check(
        t,
        """
q = queue.Queue()
q.put(1)
q.mutex.acquire()
interrupt(q.get)
print(q.mutex.locked())
q.mutex.release()
print(q.get(), q.mutex.locked())
"""
        + NOBODY_WAITS,
        "True\n1 False\n" + NOBODY_WAITS_OUTPUT,
    )


def test_sleep(t):
    check(t, "interrupt(time.sleep, 30)\n", "")


def test_sleep_ms(t):
    check(t, "interrupt(time.sleep_ms, 30000)\n", "")


def test_stdin(t):
    check(t, "interrupt(sys.stdin.readline)\n", "", stdin=subprocess.PIPE)


def test_poll(t):
    check(
        t,
        """
import select
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
interrupt(poller.poll, 30000)
""",
        "",
        stdin=subprocess.PIPE,
    )


# Sockets: with no timeout, and with one that is not reached.
SOCKETS = """
import socket
here = socket.getaddrinfo("127.0.0.1", 0)[0][-1]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(here)
listener = socket.socket()
listener.listen(1)
for s in (udp, listener):
    s.settimeout(%s)
interrupt(%s)
"""


def check_socket(t, call):
    check(t, SOCKETS % ("None", call), "")
    check(t, SOCKETS % ("30", call), "")


def test_recv(t):
    check_socket(t, "udp.recv, 1")


def test_recvfrom(t):
    check_socket(t, "udp.recvfrom, 1")


def test_socket_read(t):
    check_socket(t, "udp.read, 1")


def test_accept(t):
    check_socket(t, "listener.accept")


# To a port whose queue is full: nobody is accepted. An interrupted connect() can be repeated.
CONNECT = """
import socket
s = socket.socket()
s.settimeout(%s)
interrupt(s.connect, socket.getaddrinfo("127.0.0.1", %d)[0][-1])
"""


def test_connect(t):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):
            for timeout in ("None", "30"):
                check(t, CONNECT % (timeout, listener.getsockname()[1]), "")


# The receiver reads nothing.
SEND = """
import socket
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", %d)[0][-1])
s.settimeout(%s)
data = bytes(65536)
def send_for_ever():
    while True:
        s.%s(data)
interrupt(send_for_ever)
"""


def check_send(t, method):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        for timeout in ("None", "30"):
            check(t, SEND % (listener.getsockname()[1], timeout, method), "")


def test_send(t):
    check_send(t, "send")


def test_socket_write(t):
    check_send(t, "write")


def test_open(t):
    path = str(t.folder / "fifo")
    os.mkfifo(path)
    check(t, "interrupt(open, %r)\n" % path, "")


def test_file_read(t):
    path = str(t.folder / "fifo")
    os.mkfifo(path)
    both_ends = os.open(path, os.O_RDWR)
    check(t, "interrupt(open(%r).read, 1)\n" % path, "")
    os.close(both_ends)


def test_file_write(t):
    path = str(t.folder / "fifo")
    os.mkfifo(path)
    both_ends = os.open(path, os.O_RDWR)
    check(t, "interrupt(open(%r, 'w').write, bytes(100000))\n" % path, "")
    os.close(both_ends)


# Ctrl-C that comes before the system call, while a long call of C is on: nothing looks at it
# between the two, and the system call begins as if nothing had come.
EARLY = """
import select, socket, sys
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener = socket.socket()
listener.listen(1)
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
try:
    print("ready")
    sum(range(%d))
    print("computed")
    %s
except KeyboardInterrupt:
    print("interrupted")
"""


def check_early(t, call):
    def attempt():
        p = t.start(EARLY % (3000000 / t.slow, call), stdin=subprocess.PIPE)
        p.line("ready")
        p.signal(signal.SIGINT)
        computed = p.line("computed")
        late = p.line("interrupted") - computed
        p.finish()
        return late

    least_late(t, LATENESS, attempt, "KeyboardInterrupt")


def test_early_stdin(t):
    check_early(t, "sys.stdin.readline()")


def test_early_poll(t):
    check_early(t, "poller.poll(30000)")


def test_early_recv(t):
    check_early(t, "receiver.recv(1)")


def test_early_recv_timeout(t):
    check_early(t, "receiver.settimeout(30); receiver.recv(1)")


def test_early_accept(t):
    check_early(t, "listener.accept()")
