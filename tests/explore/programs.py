# The programs that build/host/micropython-explore runs in every order; run_explore.py starts it.
#
#     micropython-explore programs.py [--all | --sample N] [--seed N] [--preemptions N] [WORD...]
#
# There are two kinds. For what changes in one step (Lock, Semaphore, Event, queues) programs of 3
# and 4 calls are written from a table, all or a sample, and what the calls return must be what
# they return in some order of the steps: the table says what a step does, and when a call has to
# wait. For what takes several steps (Condition, Barrier, Thread) programs stand below, with
# assertions.
#
# With EXPECT_FAILURE the first program that fails ends the run, with success.

import _explore
import os
import queue
import random
import sys
import threading

EXPECTED = os.getenv("EXPECT_FAILURE")


class Options:
    sample = 10
    everything = False
    seed = 1
    preemptions = 2
    words = []


class Totals:
    programs = 0
    runs = 0


def explore(name, make, late=0, preemptions=None, interruptions=1):
    threads = len(make()[0]) + late
    if preemptions is None:
        preemptions = Options.preemptions
    runs = _explore.run(make, threads, late, preemptions, interruptions)
    if EXPECTED and runs:
        print(EXPECTED, "found by", name + ", run", runs)
        sys.exit(0)
    Totals.programs += 1
    Totals.runs += runs


def no_interrupt():
    """Takes one that nobody has taken."""
    try:
        for _ in range(2):
            pass
    except KeyboardInterrupt:
        pass


def thread_of(calls, results):
    """A thread that makes the calls, one after the other, though Ctrl-C may come once: it raises
    KeyboardInterrupt in a call that waits, which is made again, or at a jump between two."""

    def work():
        while len(results) < len(calls):
            try:
                results.append(calls[len(results)]())
            except Exception as e:
                results.append(type(e).__name__)

    def body():
        try:
            work()
            return
        except KeyboardInterrupt:
            pass
        work()

    return body


def or_none(call):
    """The call, not made again after Ctrl-C: None. Between the two there is no jump."""

    def attempt():
        try:
            return call()
        except KeyboardInterrupt:
            return None

    return attempt


def leaving(call, afterwards):
    """A thread that makes the call unless Ctrl-C comes, then afterwards(its results)."""
    results = []

    def attempt():
        try:
            results.append(call())
            return  # the end of the block would be a jump
        except KeyboardInterrupt:
            return

    def body():
        attempt()
        thread_of([lambda: afterwards(results)], [])()

    return body


# ---- Programs from tables


class Kind:
    """A kind of object: how one is made, its calls, and what is seen of it in the end.

    A call is (method, steps): steps(state, item, who) are the ways in which it can be made in this
    state, as (result, next state); none: it waits. An item is another with each call.
    `always` are programs that every sample has.
    """

    def __init__(self, make, state, calls, final, always=()):
        self.always = always
        self.make = make
        self.state = state
        self.calls = calls
        self.final = final


def possible(kind, program):
    """All (results of each thread, final state), or None if some order does not end."""
    ends = set()
    start = (kind.state, tuple(() for _ in program))
    seen = {start}
    todo = [start]
    while todo:
        state, results = todo.pop()
        goes_on = False
        ended = True
        for who, calls in enumerate(program):
            position = len(results[who])
            if position < len(calls):
                ended = False
                steps = kind.calls[calls[position]][1]
                for result, after in steps(state, 10 * who + position, who):
                    goes_on = True
                    more = results[who] + (result,)
                    next = (after, results[:who] + (more,) + results[who + 1 :])
                    if next not in seen:
                        seen.add(next)
                        todo.append(next)
        if ended:
            ends.add((results, state))
        elif not goes_on:
            return None
    return ends


def run_program(name, kind, program, interrupted):
    ends = possible(kind, program)
    if ends is None:
        return False

    def make():
        obj = kind.make()
        results = [[] for _ in program]

        def call(who, position):
            method = kind.calls[program[who][position]][0]
            return lambda: method(obj, 10 * who + position)

        def check():
            no_interrupt()
            got = (tuple(tuple(r) for r in results), kind.final(obj))
            if got not in ends:
                if not EXPECTED:
                    print("got", got, "of", ends)
                raise AssertionError(name)

        bodies = [
            thread_of([call(who, i) for i in range(len(calls))], results[who])
            for who, calls in enumerate(program)
        ]
        if interrupted:
            bodies.append(_explore.interrupt)
        return bodies, check

    # Three threads that do as much each take a hundred times as many runs.
    explore(name, make, preemptions=Options.preemptions - (len(program) + interrupted > 2))
    return True


# Calls of each thread; the first thread is the main one, which Ctrl-C reaches.
SHAPES = ((1, 1, 1), (2, 2), (1, 3), (1, 1, 2), (2, 1, 1))


def every_program(names, shape):
    """All programs of the shape, those that are the same but for the order of threads once."""
    if not shape:
        yield ()
        return
    for rest in every_program(names, shape[:-1]):
        for calls in product(names, shape[-1]):
            if not rest or len(rest[-1]) != len(calls) or rest[-1] <= calls:
                yield rest + (calls,)


def product(names, n):
    if n == 0:
        yield ()
        return
    for rest in product(names, n - 1):
        for name in names:
            yield rest + (name,)


def some_program(names, shape):
    return tuple(tuple(random.choice(names) for _ in range(n)) for n in shape)


def run_kind(name, kind):
    names = sorted(kind.calls)
    for shape in SHAPES:
        for interrupted in (False, True):
            if interrupted and len(shape) == 3 and max(shape) > 1:
                continue  # 4 threads
            title = "%s%s " % (name, " with Ctrl-C" if interrupted else "")
            if Options.everything:
                for program in every_program(names, shape):
                    run_program(title + repr(program), kind, program, interrupted)
                continue
            for program in kind.always:
                if tuple(map(len, program)) == shape:
                    run_program(title + repr(program), kind, program, interrupted)
            left = Options.sample
            while left > 0:
                program = some_program(names, shape)
                left -= run_program(title + repr(program), kind, program, interrupted)


# ---- The tables


def steps_acquire(gives_up):
    """Of a count of permits."""
    def steps(state, item, who):
        if state > 0:
            return [(True, state - 1)]
        return [(False, state)] if gives_up else []

    return steps


def steps_release(n, most):
    def steps(state, item, who):
        if state + n > most:
            return [("RuntimeError" if most == 1 else "ValueError", state)]
        return [(None, state + n)]

    return steps


LOCK = Kind(threading.Lock, 1, {
    "acquire": (lambda o, i: o.acquire(), steps_acquire(False)),
    "try": (lambda o, i: o.acquire(False), steps_acquire(True)),
    "timed": (lambda o, i: o.acquire(True, 1), steps_acquire(True)),
    "release": (lambda o, i: o.release(), steps_release(1, 1)),
    "locked": (lambda o, i: o.locked(), lambda state, i, who: [(state == 0, state)]),
}, lambda o: int(not o.locked()))

SEMAPHORE = Kind(lambda: threading.BoundedSemaphore(2), 2, {
    "acquire": (lambda o, i: o.acquire(), steps_acquire(False)),
    "try": (lambda o, i: o.acquire(False), steps_acquire(True)),
    "timed": (lambda o, i: o.acquire(timeout=1), steps_acquire(True)),
    "release": (lambda o, i: o.release(), steps_release(1, 2)),
    "release2": (lambda o, i: o.release(2), steps_release(2, 2)),
}, lambda o: o._value)

EMPTY_SEMAPHORE = Kind(lambda: threading.Semaphore(0), 0, {
    "acquire": (lambda o, i: o.acquire(), steps_acquire(False)),
    "timed": (lambda o, i: o.acquire(timeout=1), steps_acquire(True)),
    "release": (lambda o, i: o.release(), steps_release(1, 9)),
    "release2": (lambda o, i: o.release(2), steps_release(2, 9)),
}, lambda o: o._value)


def steps_rlock_acquire(gives_up):
    def steps(state, item, who):
        owner, count = state
        if count == 0 or owner == who:
            return [(True, (who, count + 1))]
        return [(False, state)] if gives_up else []

    return steps


def steps_rlock_release(state, item, who):
    owner, count = state
    if owner != who:
        return [("RuntimeError", state)]
    return [(None, (owner, count - 1) if count > 1 else (None, 0))]


def rlock_state(lock):
    text = repr(lock)
    owner = int(text.split("owner=")[1].split()[0])
    return (owner - 1000 if owner else None, int(text.split("count=")[1].split()[0]))


RLOCK = Kind(threading.RLock, (None, 0), {
    "acquire": (lambda o, i: o.acquire(), steps_rlock_acquire(False)),
    "try": (lambda o, i: o.acquire(False), steps_rlock_acquire(True)),
    "timed": (lambda o, i: o.acquire(True, 1), steps_rlock_acquire(True)),
    "release": (lambda o, i: o.release(), steps_rlock_release),
    "owned": (lambda o, i: o._is_owned(), lambda state, i, who: [(state[0] == who, state)]),
}, rlock_state, (
    (("acquire", "release"), ("acquire", "release")),
    (("acquire", "release"), ("timed", "release")),
))


EVENT = Kind(threading.Event, False, {
    "wait": (lambda o, i: o.wait(), lambda state, i, who: [(True, state)] if state else []),
    "timed": (lambda o, i: o.wait(1), lambda state, i, who: [(state, state)]),
    "set": (lambda o, i: o.set(), lambda state, i, who: [(None, True)]),
    "clear": (lambda o, i: o.clear(), lambda state, i, who: [(None, False)]),
    "is_set": (lambda o, i: o.is_set(), lambda state, i, who: [(state, state)]),
}, lambda o: o.is_set(), ((("wait",), ("set", "clear", "set")),))


def steps_put(gives_up, maxsize, order):
    """Of a queue's (items in the order in which they come out, unfinished tasks, shut down)."""
    def steps(state, item, who):
        items, unfinished, down = state
        if down:
            return [("ShutDown", state)]
        if maxsize > 0 and len(items) >= maxsize:
            return [("Full", state)] if gives_up else []
        return [(None, (order(items, item), unfinished + 1, down))]

    return steps


def steps_get(gives_up):
    def steps(state, item, who):
        items, unfinished, down = state
        if items:
            return [(items[0], (items[1:], unfinished, down))]
        if down:
            return [("ShutDown", state)]
        return [("Empty", state)] if gives_up else []

    return steps


def steps_task_done(state, item, who):
    items, unfinished, down = state
    if unfinished == 0:
        return [("ValueError", state)]
    return [(None, (items, unfinished - 1, down))]


def steps_join(state, item, who):
    return [(None, state)] if state[1] == 0 else []


def steps_shutdown(immediate):
    def steps(state, item, who):
        items, unfinished, down = state
        if immediate:
            return [(None, ((), max(unfinished - len(items), 0), True))]
        return [(None, (items, unfinished, True))]

    return steps


def fifo(items, item):
    return items + (item,)


def lifo(items, item):
    return (item,) + items


def heap(items, item):
    return tuple(sorted(items + (item,)))


def queue_state(q):
    unfinished = q.unfinished_tasks
    items = []
    while q.qsize():
        items.append(q.get_nowait())
    return tuple(items), unfinished, q.is_shutdown


def queue_kind(make, order, maxsize):
    return Kind(make, ((), 0, False), {
        "put": (lambda o, i: o.put(i), steps_put(False, maxsize, order)),
        "put_nowait": (lambda o, i: o.put_nowait(i), steps_put(True, maxsize, order)),
        "put_timed": (lambda o, i: o.put(i, timeout=1), steps_put(True, maxsize, order)),
        "get": (lambda o, i: o.get(), steps_get(False)),
        "get_nowait": (lambda o, i: o.get_nowait(), steps_get(True)),
        "get_timed": (lambda o, i: o.get(timeout=1), steps_get(True)),
        "task_done": (lambda o, i: o.task_done(), steps_task_done),
        "join": (lambda o, i: o.join(), steps_join),
        "shutdown": (lambda o, i: o.shutdown(), steps_shutdown(False)),
        "shutdown_now": (lambda o, i: o.shutdown(True), steps_shutdown(True)),
        "qsize": (lambda o, i: o.qsize(), lambda state, i, who: [(len(state[0]), state)]),
    }, queue_state, (
        (("get",), ("get",), ("put", "put")), (("put",), ("put",), ("get", "get")),
        (("put", "join"), ("shutdown_now", "qsize")),
    ))


class Hooked(queue.Queue):
    """With hooks in Python, in which another thread may go on."""

    def _init(self, maxsize):
        self.items = []

    def _qsize(self):
        _explore.point()
        return len(self.items)

    def _put(self, item):
        _explore.point()
        self.items.append(item)

    def _get(self):
        _explore.point()
        return self.items.pop(0)


def with_conditions():
    """Its mutex and conditions are there already."""
    q = queue.Queue(1)
    q.not_empty, q.not_full, q.all_tasks_done
    return q


SIMPLE = Kind(queue.SimpleQueue, ((), 0, False), {
    "put": (lambda o, i: o.put(i), lambda s, i, who: [(None, (s[0] + (i,), 0, False))]),
    "get": (lambda o, i: o.get(), steps_get(False)),
    "get_nowait": (lambda o, i: o.get_nowait(), steps_get(True)),
    "get_timed": (lambda o, i: o.get(timeout=1), steps_get(True)),
    "qsize": (lambda o, i: o.qsize(), lambda state, i, who: [(len(state[0]), state)]),
    "empty": (lambda o, i: o.empty(), lambda state, i, who: [(not state[0], state)]),
}, lambda o: (tuple(o.get_nowait() for _ in range(o.qsize())), 0, False))

KINDS = (
    ("Lock", LOCK),
    ("RLock", RLOCK),
    ("Semaphore", SEMAPHORE),
    ("Semaphore(0)", EMPTY_SEMAPHORE),
    ("Event", EVENT),
    ("Queue", queue_kind(queue.Queue, fifo, 0)),
    ("Queue(1)", queue_kind(lambda: queue.Queue(1), fifo, 1)),
    ("LifoQueue(2)", queue_kind(lambda: queue.LifoQueue(2), lifo, 2)),
    ("PriorityQueue(2)", queue_kind(lambda: queue.PriorityQueue(2), heap, 2)),
    ("Queue(1), hooks", queue_kind(lambda: Hooked(1), fifo, 1)),
    ("Queue(1), conditions", queue_kind(with_conditions, fifo, 1)),
    ("SimpleQueue", SIMPLE),
)


# ---- Condition


def condition_state():
    """Who waits for a state and is told of it sees it; a timeout may come together with it."""
    condition = threading.Condition()
    ready = []

    def waiter(timeout):
        def body():
            with condition:
                if not ready:
                    condition.wait(timeout)
                while not ready:
                    condition.wait()

        return body

    def notifier():
        with condition:
            ready.append(1)
            condition.notify_all()

    return [waiter(None), waiter(1), notifier], lambda: None


def condition_notify():
    """notify() of one, who may give up at this moment: it has been told, or another is."""
    condition = threading.Condition(threading.Lock())
    ready = []

    def patient():
        with condition:
            while not ready:
                condition.wait()

    def impatient():
        with condition:
            if condition.wait(1):
                condition.notify()

    def notifier():
        with condition:
            ready.append(1)
            condition.notify()

    return [patient, impatient, notifier], lambda: None


def condition_interrupted():
    """notify() of one that leaves with Ctrl-C right before: it has been told, or another is."""
    condition = threading.Condition()
    ready = []
    done = []

    def pass_on():
        if done[1]:
            condition.notify()

    def other():
        with condition:
            while not ready:
                condition.wait()

    def notifier():
        _explore.interrupt()
        with condition:
            ready.append(1)
            condition.notify()

    main = [condition.acquire, or_none(lambda: condition.wait(1)), pass_on, condition.release]
    return [thread_of(main, done), other, notifier], no_interrupt


def condition_wait_for():
    """wait_for() in turns."""
    condition = threading.Condition()
    turn = [0]

    def player(who, timeout):
        def body():
            for _ in range(2):
                with condition:
                    if not condition.wait_for(lambda: turn[0] % 2 == who, timeout):
                        condition.wait_for(lambda: turn[0] % 2 == who)
                    turn[0] += 1
                    condition.notify()

        return body

    def check():
        assert turn[0] == 4

    return [player(0, None), player(1, 1)], check


# ---- Barrier


def barrier_program(n, rounds, timeouts, action=None, other=None):
    """n threads meet so often. In a round all pass, once the action is over, or none."""

    def make():
        ran = []

        def noted():
            _explore.point()
            ran.append(1)
            if action:
                action()

        barrier = threading.Barrier(n, noted)
        results = [[] for _ in range(n)]

        def check():
            no_interrupt()
            for i in range(rounds):
                got = [r[i] for r in results]
                passed = [r for r in got if isinstance(r, int)]
                assert sorted(passed) in ([], list(range(n))), got
                assert not passed or len(ran) == rounds
            assert barrier.n_waiting == 0

        bodies = [
            thread_of([lambda who=who: barrier.wait(timeouts[who])] * rounds, results[who])
            for who in range(n)
        ]
        if other:
            bodies.append(lambda: other(barrier))
        return bodies, check

    return make


barrier_rounds = barrier_program(2, 2, (None, None))
barrier_three = barrier_program(3, 1, (None, None, None))
barrier_timeout = barrier_program(3, 1, (1, None, None))
barrier_timeouts = barrier_program(2, 1, (1, 1))
barrier_abort = barrier_program(2, 1, (None, None), other=lambda b: b.abort())
barrier_reset = barrier_program(2, 1, (1, 1), other=lambda b: b.reset())
barrier_action_raises = barrier_program(2, 1, (None, 1), action=lambda: 1 / 0)


def barrier_interrupted():
    """Who has left with Ctrl-C does not count for one that comes later."""
    barrier = threading.Barrier(2)
    done = []

    def leave():
        if done[0] is None:
            done.append("left")
            barrier.abort()

    def other():
        left = "left" in done
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            return
        assert not left

    main = thread_of([or_none(barrier.wait), leave], done)
    return [main, other, _explore.interrupt], no_interrupt


# ---- Thread


def thread_join():
    """Two join one thread, one of them with a timeout."""
    ran = []
    thread = threading.Thread(target=lambda: ran.append(_explore.point()))

    def main():
        thread.start()
        assert thread.native_id is not None
        thread.join(1)
        thread.join()
        assert ran and not thread.is_alive()

    def other():
        thread._started.wait()
        thread.join()
        assert ran and not thread.is_alive()

    def check():
        assert thread not in threading.enumerate()

    return [main, other], check


def thread_start_twice():
    """Two start one thread: one of them may."""
    results = []
    ran = []
    thread = threading.Thread(target=ran.append, args=(1,))

    def starter():
        try:
            results.append(thread.start())
        except RuntimeError as e:
            results.append(str(e))
        thread.join()

    def check():
        assert len(ran) == 1
        assert set(results) == {None, "threads can only be started once"}

    return [starter, starter], check


def thread_two():
    """One starts another and ends; the third joins both."""
    ran = []
    second = threading.Thread(target=ran.append, args=(2,))

    def work():
        second.start()
        ran.append(1)

    first = threading.Thread(target=work)

    def main():
        first.start()
        first.join()
        second.join()
        assert sorted(ran) == [1, 2]

    return [main], lambda: None


def thread_interrupted():
    """Ctrl-C while a thread is started and joined."""
    ran = []
    results = []
    thread = threading.Thread(target=ran.append, args=(1,))

    def check():
        no_interrupt()
        assert ran == [1] and results[0] in (None, "RuntimeError") and not thread.is_alive()

    return [thread_of([thread.start, thread.join], results), _explore.interrupt], check


def thread_timer():
    """A Timer that is cancelled when its time comes."""
    ran = []
    timer = threading.Timer(1, ran.append, (1,))

    def main():
        timer.start()
        timer.cancel()
        timer.join()
        assert timer.finished.is_set()

    def check():
        assert len(ran) <= 1

    return [main], check


def thread_local():
    """Each thread has its own attributes."""
    local = threading.local()
    local.x = 0

    def work(n):
        assert not hasattr(local, "x")
        local.x = n
        _explore.point()
        assert local.x == n

    def main():
        threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return [main], lambda: None


# ---- Queues, where the tables do not reach


def interrupted_get(make, put_first=False):
    """A put() for one that leaves with Ctrl-C at this moment: it has the item, or another has."""

    def program():
        q = make()

        def give_back(items):
            if items:
                q.put(items[0])

        def putter():
            if put_first:
                q.put(1)
            _explore.interrupt()
            if not put_first:
                q.put(1)

        return [leaving(q.get, give_back), q.get, putter], no_interrupt

    return program


def interrupted_put():
    """The same with room."""
    q = queue.Queue(1)
    q.put(0)

    def take_out(results):
        if results:
            q.get()

    def getter():
        _explore.interrupt()
        q.get()

    return [leaving(lambda: q.put(1), take_out), lambda: q.put(2), getter], no_interrupt


def interrupted_acquire():
    """A release() for one that leaves with Ctrl-C at this moment."""
    lock = threading.Lock()
    lock.acquire()

    def give_back(results):
        if results:
            lock.release()

    def releaser():
        _explore.interrupt()
        lock.release()

    return [leaving(lock.acquire, give_back), lock.acquire, releaser], no_interrupt


def queue_mutex():
    """Who holds q.mutex has the queue for itself."""
    q = queue.Queue()
    q.put(0)

    def holder():
        with q.mutex:
            before = list(q.queue)
            _explore.point()
            assert list(q.queue) == before

    def other():
        q.put(1)
        q.get()

    def check():
        assert list(q.queue) == [1]

    return [holder, other], check


def queue_condition():
    """A condition that is made while somebody waits takes over who waits."""
    q = queue.Queue(1)

    def getter():
        assert q.get() == 1

    def notifier():
        with q.not_empty:
            q.not_empty.notify()

    return [getter, notifier, lambda: q.put(1)], lambda: None


PROGRAMS = (
    ("condition_state", condition_state, {}),
    ("condition_notify", condition_notify, {}),
    ("condition_interrupted", condition_interrupted, {}),
    ("condition_wait_for", condition_wait_for, {}),
    ("barrier_rounds", barrier_rounds, {}),
    ("barrier_three", barrier_three, {}),
    ("barrier_timeout", barrier_timeout, {}),
    ("barrier_timeouts", barrier_timeouts, {}),
    ("barrier_abort", barrier_abort, {}),
    ("barrier_reset", barrier_reset, {}),
    ("barrier_action_raises", barrier_action_raises, {}),
    ("barrier_interrupted", barrier_interrupted, {}),
    ("thread_join", thread_join, {"late": 1}),
    ("thread_start_twice", thread_start_twice, {"late": 1}),
    ("thread_two", thread_two, {"late": 2}),
    ("thread_interrupted", thread_interrupted, {"late": 1}),
    ("thread_timer", thread_timer, {"late": 1}),
    ("thread_local", thread_local, {"late": 2}),
    ("interrupted_get", interrupted_get(queue.Queue), {}),
    ("interrupted_get, item first", interrupted_get(queue.Queue, True), {}),
    ("interrupted_get, simple", interrupted_get(queue.SimpleQueue), {}),
    ("interrupted_get, heap", interrupted_get(queue.PriorityQueue), {}),
    ("interrupted_get, hooks", interrupted_get(Hooked), {}),
    ("interrupted_put", interrupted_put, {}),
    ("interrupted_acquire", interrupted_acquire, {}),
    ("queue_mutex", queue_mutex, {}),
    ("queue_condition", queue_condition, {}),
)


def parse(words):
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--all":
            Options.everything = True
        elif word.startswith("--"):
            setattr(Options, word[2:], int(words.pop(0)))
        else:
            Options.words.append(word)


def wanted(name):
    return not Options.words or any(word in name for word in Options.words)


def main():
    parse(sys.argv[1:])
    random.seed(Options.seed)
    for name, make, how in PROGRAMS:
        if wanted(name):
            runs = Totals.runs
            explore(name, make, **how)
            if not EXPECTED:
                print("ok %s: %d runs" % (name, Totals.runs - runs))
    for name, kind in KINDS:
        if wanted(name):
            before = Totals.programs, Totals.runs
            run_kind(name, kind)
            if not EXPECTED:
                print("ok %s: %d programs, %d runs" % (
                    name, Totals.programs - before[0], Totals.runs - before[1]))
    if EXPECTED:
        print(EXPECTED, "NOT found")
        sys.exit(1)
    print("%d programs, %d runs" % (Totals.programs, Totals.runs))


main()
