"""The collector among threads: it frees nothing that is in use, and everything else."""

import subprocess

from variant.harness import Failure, stress

SMALL_HEAP = ["-X", "heapsize=256K"]

# Items travel to and fro between two queues. One that the collector has freed is soon something
# else, so each is looked at whenever it is moved, and made anew. Meanwhile a thread allocates, and
# one collects every 50 ms.
PIPELINE = """
import gc, queue, threading, time
SECONDS = %g
N = 300
HELD = %d # so many items a thread has in its hands
there, back = %s, %s
stop = False
moved = [0, 0]

def make(i):
    return (i, "item %%d" %% i, [i, i + 1])

def check(item):
    i = item[0]
    if len(item) != 3 or item[1] != "item %%d" %% i or item[2] != [i, i + 1]:
        print("corrupted", item)

def retry(call, arg):
    # The heap is full of holes: what does not get its memory has done nothing.
    while True:
        try:
            return call(arg)
        except MemoryError:
            time.sleep(0.001)

def call_deep(n, call):
    # `held` below shall be far down the stack.
    return call() if n == 0 else call_deep(n - 1, call)

def move(which, source, target):
    held = []
    while not stop:
        item = call_deep(5, source.get)
        if item is None:
            break
        check(item)
        held.append(retry(make, item[0]))
        if len(held) == HELD:
            while held:
                retry(target.put, held[0])
                held.pop(0)
        moved[which] += 1
    for item in held:
        retry(target.put, item)

def litter(n):
    x = [bytearray(i) for i in range(n)]
    y = {str(i): [i] for i in range(n)}

def allocate():
    while not stop:
        retry(litter, 50)

def collect():
    while not stop:
        gc.collect()
        time.sleep(0.05)

for i in range(N):
    (there if i %% 2 else back).put(make(i))
threads = [
    threading.Thread(target=move, args=(0, there, back)),
    threading.Thread(target=move, args=(1, back, there)),
    threading.Thread(target=allocate),
    threading.Thread(target=collect),
]
for thread in threads:
    thread.start()
time.sleep(SECONDS)
stop = True
for q in (there, back):
    q.put(None)
for thread in threads:
    thread.join()
items = []
for q in (there, back):
    while q.qsize():
        item = q.get()
        if item is not None:
            check(item)
            items.append(item[0])
print(len(items), sorted(items) == list(range(N)))
print("moved", *moved)
"""


def pipeline(t, there, back):
    t.hogs(2)
    for _ in t.repeats(1):
        seconds = t.stress or 3
        t.deadline += seconds
        script = PIPELINE % (seconds, t.random.randrange(1, 10), there, back)
        p = t.run(script, options=SMALL_HEAP)
        p.line("300 True")
        there_and_back = p.match(r"moved (\d+) (\d+)")
        p.check_equal("standard output", 2, len(p.stdout.splitlines()))
        moved = [int(n) for n in there_and_back.groups()]
        if min(moved) == 0:
            p.fail("expected items to travel in both directions")
        t.counts["items"] += sum(moved)


@stress
def test_pipeline_queue(t):
    pipeline(t, "queue.Queue()", "queue.Queue()")


@stress
def test_pipeline_simple_queue(t):
    pipeline(t, "queue.SimpleQueue()", "queue.SimpleQueue()")


@stress
def test_pipeline_mixed(t):
    pipeline(t, "queue.Queue()", "queue.SimpleQueue()")


@stress
def test_pipeline_lifo_bounded(t):
    pipeline(t, "queue.LifoQueue(600)", "queue.Queue(600)")


# Objects that nothing refers to but the frames of a blocked thread, deep ones too, or its queue.
def test_roots(t):
    t.run(
        """
        import gc, queue, threading
        N = 30
        go = threading.Event()
        ready = threading.Semaphore(0)
        results = queue.SimpleQueue()

        def deep(n, i):
            local = [n, i] * 10
            if n > 0:
                good = deep(n - 1, i)
            else:
                ready.release()
                go.wait()
                good = True
            return good and local == [n, i] * 10

        def hold(i, *args, **kw):
            good = deep(8, i)
            results.put((good, args == ("argument %d" % i,), kw["k"] == [i, i]))

        def in_queue(i):
            q = queue.Queue(1)
            q.put(["first", i])
            t = threading.Thread(target=lambda: go.wait() and q.get())
            t.start()
            ready.release()
            q.put(["second", i])
            t.join()
            results.put((q.get() == ["second", i],))

        for i in range(N):
            args, kw = (i, "argument %d" % i), {"k": [i, i]}
            threading.Thread(target=hold, args=args, kwargs=kw).start()
            del args, kw
            threading.Thread(target=in_queue, args=(i,)).start()
            gc.collect()
            x = [bytearray(50) for _ in range(50)]
        for _ in range(2 * N):
            ready.acquire()
        for _ in range(20):
            gc.collect()
            x = [bytearray(i) for i in range(200)]
        go.set()
        print(sum(all(results.get()) for _ in range(2 * N)))
        """,
        options=["-X", "heapsize=512K"],
        stdout="60\n",
    )


# The arguments of a thread that has not run yet: who starts it keeps the GIL for a while.
def test_roots_of_starting_threads(t):
    t.run(
        """
        import _thread, gc, queue
        results = queue.SimpleQueue()
        def work(*args):
            results.put(args)
        for i in range(100):
            _thread.start_new_thread(work, (i, "argument %d" % i, [i, i]))
            gc.collect()
            x = [bytearray(40) for _ in range(100)]
            if results.get() != (i, "argument %d" % i, [i, i]):
                print("corrupted", i)
        print("done")
        """,
        options=SMALL_HEAP,
        stdout="done\n",
    )


# Whatever a thread has left behind is freed, though the program goes on.
FLAT = """
import gc, queue, threading

class Data(threading.local):
    pass

def use():
    data = Data()
    data.x = bytearray(200)
    shared.x = bytearray(200)
    q.put(data)

def cycle(n):
    for i in range(n):
        thread = threading.Thread(target=use, name="thread%d" % i)
        thread.start()
        thread.join()
        q.get()

shared = threading.local()
q = queue.Queue()
"""


def test_threads_and_locals_are_freed(t):
    t.run(
        FLAT
        + """
cycle(100)
gc.collect()
before = gc.mem_alloc()
cycle(1000)
gc.collect()
after = gc.mem_alloc()
# A name of its own for each thread makes no garbage that stays.
print(after - before if after - before > 4096 else "flat")
""",
        stdout="flat\n",
    )


# Objects of all kinds, made and dropped: each alone in a loop.
def test_objects_are_freed(t):
    t.run(
        """
        import gc, queue, threading
        kinds = [
            threading.Lock, threading.RLock, threading.Condition, threading.Semaphore,
            threading.Event, lambda: threading.Barrier(2), threading.local,
            lambda: threading.Thread(target=len), lambda: threading.Timer(1, len),
            queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue,
            lambda: queue.Queue().not_empty,
        ]
        for kind in kinds:
            for _ in range(100):
                kind()
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(2000):
                kind()
            gc.collect()
            growth = gc.mem_alloc() - before
            if growth > 2048:
                print(kind, growth)
        """,
        stdout="",
    )


# What a queue has handed out is no longer held by it.
def test_items_are_freed(t):
    t.run(
        """
        import gc, queue
        for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue):
            q = kind()
            q.put(1)
            q.get()
            gc.collect()
            before = gc.mem_alloc()
            for i in range(50):
                q.put(bytes(1000) + str(i).encode())
            for _ in range(50):
                q.get()
            gc.collect()
            growth = gc.mem_alloc() - before
            # The place for as many items as there were may be kept.
            if growth > 4096:
                print(kind, growth)
        """,
        stdout="",
    )


# Files and sockets that nobody closes are closed by the sweep, which no other thread may see half
# done. Nothing but `_thread`, so that it runs on stock MicroPython too, which dies of it.
FINALISERS = """
import _thread, hashlib, json, socket, sys, time
def leave_open():
    open(sys.argv[0])
    socket.socket()
for _ in range(%d):
    leave_open()
end = time.time() + %g
running = 8
def work(i):
    global running
    data = {"name": "thread %%d" %% i, "values": list(range(20))}
    while time.time() < end:
        for _ in range(5):
            text = json.dumps(data)
            if json.loads(text) != data:
                print("corrupted", text)
            digest = hashlib.sha256(text.encode()).digest()
        %s
        time.sleep(0.002)
        if hashlib.sha256(json.dumps(data).encode()).digest() != digest:
            print("corrupted", digest)
    running -= 1
for i in range(running):
    _thread.start_new_thread(work, (i,))
while running:
    time.sleep(0.01)
print("done")
"""


def busy_in_small_heap(t, left_open, in_loop, heaps):
    seconds = 1.5 if t.stress else 0.25
    for number in t.repeats(20):
        heap = "heapsize=%dK" % heaps[number % len(heaps)]
        script = FINALISERS % (left_open, seconds, in_loop)
        t.run(script, options=["-X", heap], stdout="done\n")


@stress
def test_finalisers(t):
    busy_in_small_heap(t, 20, "leave_open()", (64, 96, 128))


# The same with nothing to finalise: the collector runs all the time.
@stress
def test_small_heap(t):
    busy_in_small_heap(t, 0, "", (24, 32, 48))


# No memory: MemoryError in whatever thread, and the objects still work.
def test_exhaustion(t):
    p = t.run(
        """
        import gc, queue, threading
        q = queue.Queue()
        lock = threading.Lock()
        failed = []
        def exhaust(i):
            try:
                x = []
                while True:
                    with lock:
                        x.append(bytearray(100))
                    q.put(bytearray(100))
            except MemoryError:
                x = None
                failed.append(i)
        threads = [threading.Thread(target=exhaust, args=(i,)) for i in range(4)]
        failed.extend([0] * 16)
        failed.clear()
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            threads[-1].join(0.01)
            while q.qsize() > 0 and len(failed) < 4:
                q.get()
        n = q.qsize()
        while q.qsize():
            q.get()
        gc.collect()
        print(len(failed), lock.locked(), threading.active_count())
        q.put("works")
        print(q.get())
        """,
        options=["-X", "heapsize=128K"],
    )
    if p.stdout != "4 False 1\nworks\n":
        raise Failure("expected four MemoryErrors and working objects", p)


MEMORY_ERRORS = """
import _thread, sys, time
busy = 0
def fill():
    kept = None
    size = 4096
    while size >= 16:
        try:
            while True:
                kept = (bytearray(size), kept)
        except MemoryError:
            size //= 2
    return kept
def deep(n):
    try:
        if n == 0:
            bytearray(1000000)
        else:
            deep(n - 1)
    finally:
        time.sleep(0) # another thread's turn, while the traceback grows
def work(fills):
    global busy
    for _ in range(%d):
        kept = fill() if fills else None
        try:
            deep(6)
        except MemoryError as e:
            try:
                sys.print_exception(e)
            except MemoryError:
                pass
        kept = None
    busy -= 1
for i in range(8):
    busy += 1
    _thread.start_new_thread(work, (i %% 2,))
pause = 0.02
while busy:
    try:
        time.sleep(pause)
    except MemoryError:
        pass
"""


# Threads that find no memory at all, not even for the exception, have one each.
@stress
def test_memory_errors(t):
    for _ in t.repeats(5):
        script = MEMORY_ERRORS % (150 if t.stress else 40)
        t.start(script, options=["-X", "heapsize=32k"], stdout=subprocess.DEVNULL).finish()


# One exception raised in many threads, and printed in others: the traceback grows meanwhile.
@stress
def test_shared_exception(t):
    for _ in t.repeats(3):
        p = t.start(
            """
            import _thread, sys, time
            error = ValueError("shared")
            busy = 8
            def deep(n):
                try:
                    if n == 0:
                        raise error
                    deep(n - 1)
                finally:
                    time.sleep(0)
            def work(prints):
                global busy
                for _ in range(60):
                    if prints:
                        sys.print_exception(error)
                        continue
                    error.__traceback__ = None
                    try:
                        deep(20)
                    except ValueError:
                        bytearray(100)
                busy -= 1
            for i in range(8):
                _thread.start_new_thread(work, (i % 2,))
            while busy:
                time.sleep(0.02)
            """,
            options=["-X", "heapsize=64k"],
            stdout=subprocess.DEVNULL,
        )
        p.finish()


FULL = """
import gc, queue, random, threading, time
random.seed({seed})
N, KINDS = {n}, (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue)
failures = 0

def again(function, arg=None):
    # Nothing has happened if there was no memory for it.
    global failures
    while True:
        try:
            return function(arg)
        except MemoryError:
            failures += 1

def produce(q, first):
    put = q.put
    full.wait()
    for i in range(first, 2 * N, 2):
        again(put, i)

def consume(q, seen):
    get = q.get
    while True:
        item = again(get, True)
        if item == 2 * N:
            return
        seen[item] += 1

def fill():
    # Keeps all that there is, in pieces of many sizes, and gives a little back now and then.
    kept = [None] * 500
    i = 0
    while working:
        try:
            kept[i] = bytearray(random.randrange(8, 600))
            i = (i + 1) % len(kept)
        except MemoryError:
            full.set()
            for i in range(random.randrange(len(kept)), len(kept), 20):
                kept[i] = None

working = True
full = threading.Event()
queues = [(kind(), bytearray(2 * N)) for kind in KINDS]
producers = [threading.Thread(target=produce, args=(q, i)) for q, seen in queues for i in (0, 1)]
consumers = [threading.Thread(target=consume, args=(q, seen)) for q, seen in queues for i in (0, 1)]
filler = threading.Thread(target=fill)
joins = [thread.join for thread in producers]
puts = [q.put for q, seen in queues]
sizes = [q.qsize for q, seen in queues]
for thread in consumers + producers + [filler]:
    thread.start()
for join in joins:
    again(join)
for i in range(len(KINDS)):
    # A consumer takes the end for itself; a LifoQueue would give it out before the items.
    while sizes[i]():
        pass
    again(puts[i], 2 * N)
    again(puts[i], 2 * N)
working = False
for thread in consumers + [filler]:
    thread.join()
for q, seen in queues:
    print(min(seen), max(seen), q.qsize())
print(failures > 0)
"""


# A heap that another thread keeps full: an operation that finds no memory has done nothing.
@stress
def test_full_heap(t):
    for _ in t.repeats(3):
        script = FULL.format(seed=t.seed, n=1000 if t.stress else 300)
        p = t.start(script, options=["-X", "heapsize=64k"])
        for _ in range(4):
            p.line("1 1 0")
        p.line("True")
        p.finish()
