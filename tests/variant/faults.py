"""Memory that runs out in the middle of any operation. Only of a build with DEBUG=1, which has _faults.

Each operation is tried with its first allocation failing, then its second, until none fails any
more; once with all that come after it succeeding, and once with all failing. It does all that it
should or raises MemoryError; what it was about can be used afterwards, and nothing is lost.
"""

from variant.futures import LIB
from variant.harness import HOOKED

# What an operation may raise, besides MemoryError: "can't start new thread".
COMMON = """
import _faults, gc, sys
fail = _faults.fail
ALL = 1000000

def attempts(make, operate, check, may_raise=MemoryError):
    for times in (1, ALL):
        n = left = 0
        while left == 0:
            n += 1
            x = make()
            done = False
            fail(n, times)
            try:
                operate(x)
                done = True
            except may_raise:
                pass
            left = fail(0)
            check(x, done)
            assert done or left == 0, "fails without a cause"
            assert n < 1000, "fails without end"
        gc.collect()
    return n
"""

QUEUES = (
    COMMON
    + """
import queue, threading, time

class Item:
    def __init__(self, value):
        self.value = value
    def __lt__(self, other):
        return self.value < other.value
    def __eq__(self, other):
        return self.value == other.value
    def __hash__(self):
        return self.value
    def __repr__(self):
        return "Item(%d)" % self.value
""" + HOOKED + """
class Deque(queue.Queue):
    def _put(self, item):
        super()._put(item)

KINDS = {
    "Queue": queue.Queue, "LifoQueue": queue.LifoQueue, "PriorityQueue": queue.PriorityQueue,
    "Hooked": Hooked, "Deque": Deque, "SimpleQueue": queue.SimpleQueue,
}

def drain(q):
    items = []
    while True:
        try:
            items.append(q.get(False))
        except queue.Empty:
            return items

def filled(cls, n):
    q = cls()
    for i in range(n):
        q.put(i)
    return q

def tasks(q, n):
    # The tasks are as many as the items that were put.
    if isinstance(q, queue.SimpleQueue):
        return
    assert q.unfinished_tasks == n, (q.unfinished_tasks, n)
    for i in range(n):
        q.task_done()
    q.join()

def usable(q):
    assert isinstance(q, queue.SimpleQueue) or not q.mutex.locked()
    q.put(1000)
    assert q.get(timeout=5) == 1000
    if not isinstance(q, queue.SimpleQueue):
        q.task_done()

for name, cls in sorted(KINDS.items()):
    print(name, end="")
    # put() when there is room, when it has to grow, and when there are many.
    for size in (0, 8, 64):
        def check(q, done):
            items = sorted(drain(q))
            assert items == list(range(size)) + ([-1] if done else []) \\
                or items == [-1] * done + list(range(size)), items
            tasks(q, size + done)
            usable(q)
        for put in ("put", "put_nowait"):
            attempts(lambda: filled(cls, size), lambda q: getattr(q, put)(-1), check)
        attempts(lambda: filled(cls, size), lambda q: q.put(-1, timeout=1), check)
    # get(): what it does not return is still there.
    for size in (1, 9, 70):
        for args, kwargs in (((), {}), ((True, 0.5), {}), ((), {"block": False})):
            got = []
            def operate(q):
                got.append(q.get(*args, **kwargs))
            def check(q, done):
                items = drain(q)
                assert sorted(items + got) == list(range(size)), (items, got)
                got.clear()
                tasks(q, size)
                usable(q)
            got += [0] * 50  # room for append()
            got.clear()
            attempts(lambda: filled(cls, size), operate, check)
    # An empty one: Empty, at once or late.
    for args in ((False,), (True, 0.001)):
        def operate(q):
            try:
                q.get(*args)
                assert False
            except queue.Empty:
                pass
        attempts(cls, operate, lambda q, done: usable(q))
    for operation in (lambda q: q.qsize(), lambda q: q.empty(), repr):
        attempts(lambda: filled(cls, 3), operation,
            lambda q, done: (drain(q), tasks(q, 3), usable(q)))
    attempts(lambda: None, lambda none: cls(), lambda none, done: None)
    if cls is queue.SimpleQueue:
        print()
        continue
    for operation in ("full", "task_done"):
        def check(q, done):
            drain(q)
            tasks(q, 3 - (done and operation == "task_done"))
            usable(q)
        attempts(lambda: filled(cls, 3), lambda q: getattr(q, operation)(), check)
    # A full one.
    def full():
        q = cls(3)
        for i in range(3):
            q.put(i)
        return q
    for args in ((-1, False), (-1, True, 0.001)):
        def operate(q):
            try:
                q.put(*args)
                assert False
            except queue.Full:
                pass
        def check(q, done):
            assert sorted(drain(q)) == [0, 1, 2]
            tasks(q, 3)
            usable(q)
        attempts(full, operate, check)
    # shutdown(): tried again it does the rest.
    for immediate in (False, True):
        def check(q, done):
            q.shutdown(immediate)
            assert not q.mutex.locked()
            try:
                items = []
                while True:
                    items.append(q.get(False))
            except queue.ShutDown:
                pass
            assert sorted(items) == ([] if immediate else [0, 1, 2]), items
        attempts(full, lambda q: q.shutdown(immediate), check)
    # Attributes that are made when they are asked for.
    for attr in ("mutex", "not_empty", "not_full", "all_tasks_done", "queue", "maxsize",
            "unfinished_tasks", "is_shutdown"):
        if attr == "queue" and cls is Hooked:
            continue
        attempts(full, lambda q: getattr(q, attr), lambda q, done: (drain(q), tasks(q, 3), usable(q)))
    def assign(q):
        q.maxsize = 5
    attempts(full, assign, lambda q, done: (drain(q), tasks(q, 3), usable(q)))
    print()

# Comparisons in Python: put() leaves all items there, the new one or not.
def check(q, done):
    items = []
    while q.qsize():
        items.append(q.get().value)
    assert sorted(items) in ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5]), items
    assert not q.mutex.locked()
def make():
    q = queue.PriorityQueue()
    for i in range(5):
        q.put(Item(i + 1))
    return q
attempts(make, lambda q: q.put(Item(0)), lambda q, done: (
    None if q.qsize() in (5, 6) else 1 / 0, q.mutex.locked() and 1 / 0))

# The container.
def ring():
    return filled(queue.Queue, 9).queue
START = list(range(9))
for what, operate, after in (
    ("append", lambda r: r.append(9), START + [9]),
    ("appendleft", lambda r: r.appendleft(9), [9] + START),
    ("pop", lambda r: r.pop(), START[:-1]),
    ("popleft", lambda r: r.popleft(), START[1:]),
    ("insert", lambda r: r.insert(4, 9), START[:4] + [9] + START[4:]),
    ("remove", lambda r: r.remove(4), START[:4] + START[5:]),
    ("del", lambda r: r.__delitem__(4), START[:4] + START[5:]),
    ("reverse", lambda r: r.reverse(), START[::-1]),
    ("rotate", lambda r: r.rotate(2), START[-2:] + START[:-2]),
    ("clear", lambda r: r.clear(), []),
    ("copy", lambda r: r.copy(), START),
    ("count", lambda r: r.count(1), START),
    ("index", lambda r: r.index(1), START),
    ("iter", lambda r: list(r), START),
    ("repr", lambda r: repr(r), START),
    ("==", lambda r: r == r, START),
):
    if what == "del":
        def operate(r):
            del r[4]
    def check(r, done):
        assert list(r) == (after if done else START), (what, list(r), done)
    attempts(ring, operate, check)
def check(r, done):
    assert list(r)[:9] == START and len(r) <= 39, list(r)
attempts(ring, lambda r: r.extend(range(30)), check)
print("done")
"""
)


def test_queues(t):
    names = "Deque Hooked LifoQueue PriorityQueue Queue SimpleQueue done".split()
    t.run(QUEUES, stdout="\n".join(names) + "\n")


LOCKS = (
    COMMON
    + """
import threading, time

ERRORS = (MemoryError, RuntimeError, ValueError)

def free(lock):
    # Nobody has it, and it works.
    assert lock.acquire(timeout=5)
    lock.release()
    if hasattr(lock, "locked"):
        assert not lock.locked()

for cls in (threading.Lock, threading.RLock, threading.Semaphore, threading.BoundedSemaphore,
        threading.Condition):
    attempts(lambda: None, lambda none: cls(), lambda none, done: None)
    def check(lock, done):
        if done:
            lock.release()
        free(lock)
    for args, kwargs in (((), {}), ((False,), {}), ((True, 0.5), {}), ((), {"timeout": 0.5})):
        attempts(cls, lambda lock: lock.acquire(*args, **kwargs), check)
    def enter(lock):
        lock.__enter__()
    attempts(cls, enter, check)
    def with_(lock):
        with lock:
            pass
    attempts(cls, with_, lambda lock, done: free(lock))
    def taken():
        lock = cls()
        lock.acquire()
        return lock
    def check(lock, done):
        if not done:
            lock.release()
        free(lock)
    attempts(taken, lambda lock: lock.release(), check)
    # The errors.
    def operate(lock):
        try:
            lock.release()
        except (RuntimeError, ValueError):
            pass
    attempts(cls, operate, lambda lock, done: free(lock))
    def operate(lock):
        try:
            lock.acquire(False, 1)
        except (ValueError, TypeError):
            pass
    attempts(cls, operate, lambda lock, done: free(lock))
    attempts(taken, repr, lambda lock, done: (lock.release(), free(lock)))
    print(cls.__name__)

def held(make):
    x = make()
    x.acquire()
    return x

def check(lock, done):
    if not done:
        assert lock._is_owned()
        for i in range(3):
            lock.release()
    free(lock)
def thrice():
    lock = threading.RLock()
    for i in range(3):
        lock.acquire()
    return lock
attempts(thrice, lambda lock: lock._release_save(), check)

# A condition: its lock is held before and after, and nobody is left in line.
class Duck:
    # A lock in Python.
    def __init__(self):
        self.lock = threading.Lock()
    def acquire(self, *args, **kwargs):
        return self.lock.acquire(*args, **kwargs)
    def release(self):
        self.lock.release()

for make in (threading.RLock, threading.Lock):
    def check(condition, done):
        assert condition._is_owned()
        assert repr(condition).endswith(", 0)>"), repr(condition)
        condition.notify()
        condition.release()
        free(condition)
    def condition():
        c = threading.Condition(make())
        c.acquire()
        return c
    attempts(condition, lambda c: c.wait(0.001), check)
    attempts(condition, lambda c: c.wait_for(lambda: [1, 2, 3][0] == 2, 0.001), check)
    attempts(condition, lambda c: c.wait_for(lambda: [1, 2, 3]), check)
    attempts(condition, lambda c: c.notify(), check)
    attempts(condition, lambda c: c.notify(3), check)
    attempts(condition, lambda c: c.notify_all(), check)
    attempts(condition, repr, check)
# release() in Python needs memory: wait() leaves the line if it fails; acquire() may fail too.
def condition():
    c = threading.Condition(Duck())
    c.acquire()
    return c
def check(c, done):
    assert repr(c).endswith(", 0)>"), repr(c)
    if c._lock.lock.locked():
        c.release()
    free(c._lock)
attempts(condition, lambda c: c.wait(0.001), check)
print("Condition")

def check(event, done):
    assert event.is_set() == done
    event.set()
    assert event.wait(5)
attempts(threading.Event, lambda event: event.set(), check)
attempts(threading.Event, lambda event: event.wait(0.001), lambda e, done: check(e, False))
attempts(threading.Event, repr, lambda e, done: check(e, False))
print("Event")

def check(barrier, done):
    assert barrier.n_waiting == 0
    barrier.reset()
    assert barrier.wait() == 0
attempts(lambda: threading.Barrier(1), lambda b: b.wait(), check)
attempts(lambda: threading.Barrier(1, lambda: [1, 2]), lambda b: b.wait(), check)
def operate(barrier):
    try:
        barrier.wait(0.001)
    except threading.BrokenBarrierError:
        assert barrier.broken
def check(barrier, done):
    assert barrier.n_waiting == 0
    barrier.reset()
    assert not barrier.broken
attempts(lambda: threading.Barrier(2), operate, check)
attempts(lambda: threading.Barrier(2), lambda b: b.abort(), check)
attempts(lambda: threading.Barrier(2), lambda b: b.reset(), check)
attempts(lambda: threading.Barrier(2), repr, check)
for attr in ("parties", "n_waiting", "broken"):
    attempts(lambda: threading.Barrier(2), lambda b: getattr(b, attr), check)
attempts(lambda: None, lambda none: threading.Barrier(2, timeout=5), lambda none, done: None)
print("Barrier")

class Local(threading.local):
    def __init__(self, *args, **kwargs):
        self.args = list(args)

attempts(lambda: None, lambda none: threading.local(), lambda none, done: None)
attempts(lambda: None, lambda none: Local(1, 2, a=3), lambda none, done: None)
def check(local, done):
    assert not done or local.x == 5
    local.x = 6
    assert local.x == 6
def operate(local):
    local.x = 5
attempts(threading.local, operate, check)
attempts(lambda: Local(1), operate, check)
def with_x():
    local = Local(1)
    local.x = 5
    return local
def operate(local):
    del local.x
def check(local, done):
    assert hasattr(local, "x") == (not done)
    local.x = 1
attempts(with_x, operate, check)
attempts(with_x, lambda local: local.__dict__, lambda local, done: check(local, False))
attempts(with_x, lambda local: local.x, lambda local, done: check(local, False))
# Another thread's first touch, which calls __init__().
def touch(local):
    result = []
    def run():
        fail(n_now, times_now)
        try:
            result.append(local.args == [1])
        except MemoryError:
            pass
        left = fail(0)
        assert local.args == [1]
        result.append(left)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[-1]
for times_now in (1, ALL):
    n_now = 1
    while touch(Local(1)) == 0:
        n_now += 1
print("local")
"""
)


def test_locks(t):
    names = "lock RLock Semaphore BoundedSemaphore Condition Condition Event Barrier local".split()
    t.run(LOCKS, stdout="\n".join(names) + "\n")


# Also the allocations of the new thread fail: what it was to do may not come, but it ends.
THREADS = (
    COMMON
    + """
import threading, time, _thread

ERRORS = (MemoryError, RuntimeError)
work = []

def run(*args, **kwargs):
    work.append(list(args))

def ended(thread, done):
    # Started or not, it ends, and the registry says so.
    fail(0)
    if thread.ident is not None or thread.is_alive():
        thread.join()
    else:
        thread.start()
        thread.join()
    assert not thread.is_alive()
    assert threading.active_count() == 1, threading.enumerate()
    assert threading.enumerate() == [threading.current_thread()]

def start_and_join(thread):
    thread.start()
    thread.join()

silent = threading.Thread(target=run)
threading.excepthook = lambda args: None
attempts(lambda: threading.Thread(target=run, args=(1, 2), kwargs={"a": 3}), start_and_join, ended, ERRORS)
class Own(threading.Thread):
    def run(self):
        work.append([1, 2, 3])
attempts(Own, start_and_join, ended, ERRORS)
class Context:
    def run(self, function, *args):
        return function(*args)
attempts(lambda: threading.Thread(target=run, context=Context()), start_and_join, ended, ERRORS)
attempts(lambda: None, lambda none: threading.Thread(target=run, args=[1]), lambda none, done: None)
attempts(lambda: None, lambda none: threading.Thread(name=5, daemon=True), lambda none, done: None)
attempts(lambda: None, lambda none: threading.Timer(1, run, [1]), lambda none, done: None)
attempts(lambda: threading.Timer(0, run, [1]), start_and_join, ended, ERRORS)
def start_and_cancel(timer):
    timer.start()
    timer.cancel()
    timer.join()
def check(timer, done):
    if timer.is_alive():
        timer.cancel()
    elif timer.ident is None:
        timer.cancel()
    ended(timer, done)
attempts(lambda: threading.Timer(60, run), start_and_cancel, check, ERRORS)
for operation in (repr, lambda t: t.name, lambda t: setattr(t, "name", 77), lambda t: t.daemon,
        lambda t: t.ident, lambda t: t.native_id, lambda t: t._started, lambda t: t.is_alive()):
    attempts(lambda: threading.Thread(target=run), operation, ended)
for function in (threading.current_thread, threading.main_thread, threading.enumerate,
        threading.active_count, threading.get_ident, threading.get_native_id,
        threading.stack_size):
    attempts(lambda: None, lambda none: function(), lambda none, done: None)
print("threads")

# Exceptions, with the hook that there is by default.
def raises():
    raise ValueError("expected")
threading.excepthook = threading.__excepthook__
attempts(lambda: threading.Thread(target=raises), start_and_join, ended, ERRORS)
print("hooks")

# A thread of _thread, which has a Thread made for it.
def foreign():
    for times in (1, ALL):
        n = left = 0
        while left == 0:
            n += 1
            results = []
            ready = threading.Event()
            def body():
                fail(n, times)
                try:
                    threading.current_thread()
                except MemoryError:
                    pass
                results.append(fail(0))
                assert "Dummy" in threading.current_thread().name
                ready.set()
            _thread.start_new_thread(body, ())
            ready.wait()
            left = results[0]
foreign()
print("foreign")
"""
)


def test_threads(t):
    p = t.start(THREADS)
    p.line("threads")
    p.line("hooks")
    p.line("foreign")
    p.wait_for("the end", lambda: p.popen.poll() is not None)
    p.check_equal("exit status", 0, p.popen.returncode)


# The first import makes the classes; one that fails can be tried again.
IMPORTS = (
    COMMON
    + """
for times in (1, ALL):
    fail(%d, times)
    try:
        import threading, queue
    except MemoryError:
        pass
    left = fail(0)
import threading, queue
q = queue.PriorityQueue()
thread = threading.Thread(target=q.put, args=(5,))
thread.start()
thread.join()
local = threading.local()
local.x = 1
timer = threading.Timer(0, q.put, [1])
timer.start()
print(q.get(), threading.enumerate() == [threading.main_thread(), timer] or threading.active_count() == 1)
timer.join()
print(threading.active_count(), threading.TIMEOUT_MAX, threading.excepthook is threading.__excepthook__, left)
"""
)


def test_imports(t):
    n = left = 0
    while left == 0:
        n += 1
        p = t.run(IMPORTS % n)
        first, second = p.stdout.splitlines()
        p.check_equal("item and registry", "True", first.split()[1])
        *got, left = second.split()
        p.check_equal("with allocation %d failing" % n, ["1", "9223372036.0", "True"], got)
        left = int(left)


# Also the allocations of the pool's threads fail: what was accepted is done, and who waits for it gets
# a result or MemoryError.
FUTURES = (
    COMMON
    + """
import threading
from concurrent import futures
from concurrent.futures import *

ERRORS = (MemoryError, RuntimeError)

def free():
    got = []
    def take():
        if futures._lock.acquire(False):
            got.append(1)
            futures._lock.release()
    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    assert got, "the lock is held"

def usable(pool, done):
    fail(0)
    free()
    accepted = [pool.submit(int, i) for i in range(4)]
    assert [f.result(10) for f in accepted] == [0, 1, 2, 3]
    pool.shutdown()
    assert threading.active_count() == 1, threading.enumerate()

def pool():
    return ThreadPoolExecutor(2)

def started():
    p = pool()
    wait([p.submit(int) for _ in range(4)])
    return p

def submit(p):
    assert p.submit(int, 7).result(10) == 7

def submit_many(p):
    accepted = []
    try:
        for i in range(5):
            accepted.append(p.submit(int, i))
    finally:
        wait(accepted, timeout=10)
        assert all(f.done() for f in accepted), accepted

def use_map(p):
    assert list(p.map(int, "1234", timeout=10)) == [1, 2, 3, 4]

def completed(p):
    accepted = [p.submit(int, i) for i in range(3)]
    assert sorted(f.result() for f in as_completed(accepted, timeout=10)) == [0, 1, 2]

def shut(p):
    p.submit(int)
    p.shutdown(cancel_futures=True)

def ended(p, done):
    fail(0)
    free()
    p.shutdown()
    assert threading.active_count() == 1, threading.enumerate()

for make in (pool, started):
    for operate in (submit, submit_many, use_map, completed):
        attempts(make, operate, usable, ERRORS)
    attempts(make, shut, ended, ERRORS)
attempts(lambda: None, lambda none: pool(), lambda none, done: None)
print("pools")

def settled(future, done):
    free()
    if not future.done():
        future.set_result(1)
    assert future.done() and futures._lock._recursion_count() == 0

def call_back(future):
    called = []
    future.add_done_callback(called.append)
    future.set_result(1)
    assert len(called) == 1
def timed_out(future):
    try:
        future.result(0)
    except TimeoutError:
        pass
for operate in (
    lambda f: f.set_result(1), lambda f: f.set_exception(ValueError()), lambda f: f.cancel(), call_back, repr,
    lambda f: f.set_running_or_notify_cancel(), timed_out, lambda f: wait([f], timeout=0),
):
    attempts(Future, operate, settled, ERRORS)
print("futures")
"""
)


def test_futures(t):
    p = t.start(FUTURES, env=LIB)
    p.line("pools")
    p.line("futures")
    p.wait_for("the end", lambda: p.popen.poll() is not None)
    p.check_equal("exit status", 0, p.popen.returncode)
