"""Producers and consumers of random numbers, sizes and patience, some of which die on the way:
every item that was put comes out once, each producer's in their order."""

from variant.harness import HOOKED, stress

# An item is the producer's number times SHIFT, plus its own: a small int, and ordered.
SCRIPT = """
import queue, random, sys, threading
random.seed({seed})
SHIFT = 1 << 20
KINDS = {kinds}
threading.excepthook = lambda args: None

{hooked}
class Dies(Exception):
    pass

def produce(q, number, n, dies_at, timeout, sent):
    # sent[0] is how many are in, or were.
    base = number * SHIFT
    for i in range(n):
        if i == dies_at:
            raise Dies
        while True:
            try:
                if timeout is None:
                    q.put(base + i)
                else:
                    q.put(base + i, True, timeout)
                break
            except queue.Full:
                pass
            except queue.ShutDown:
                return
        sent[0] = i + 1

def consume(q, seen, fifo, dies_at, timeout, wrong):
    last = [-1] * len(seen)
    n = 0
    while True:
        try:
            item = q.get() if timeout is None else q.get(True, timeout)
        except queue.Empty:
            continue
        except queue.ShutDown:
            return
        if item is None:
            return
        number = item // SHIFT
        i = item % SHIFT
        seen[number][i] += 1
        if fifo and i <= last[number]:
            wrong.append((number, last[number], i))
        last[number] = i
        if tasks:
            q.task_done()
        n += 1
        if n == dies_at:
            raise Dies

def round_of(n):
    # One queue, from its first item to its last.
    global tasks
    kind = KINDS[random.randrange(len(KINDS))]
    cls = Hooked if kind == "Hooked" else getattr(queue, kind)
    size = random.choice((0, 0, 1, 2, 7, 100))
    simple = cls is queue.SimpleQueue
    tasks = not simple
    q = cls() if simple else cls(size)
    ends = "none" if simple else random.choice(("join", "shutdown", "now"))
    producers, consumers = random.randrange(1, 6), random.randrange(1, 6)
    each = n // producers
    seen = [bytearray(each) for i in range(producers)]
    sent = [[0] for i in range(producers)]
    wrong = []
    fifo = kind in ("Queue", "SimpleQueue", "Hooked")
    patience = (None, None, 0.0001, 0.0005, 1)
    def dies(n):
        return random.randrange(n) if random.randrange(4) == 0 else -1
    makers = [threading.Thread(target=produce, args=(
        q, i, each, dies(each), random.choice(patience), sent[i])) for i in range(producers)]
    # The first consumer does not die.
    takers = [threading.Thread(target=consume, args=(
        q, seen, fifo, dies(each) if i else -1, random.choice(patience), wrong)) for i in range(consumers)]
    threads = makers + takers
    while threads:
        threads.pop(random.randrange(len(threads))).start()
    if ends != "now":
        for thread in makers:
            thread.join()
    if ends == "none":
        while q.qsize() > 0:
            threading.Event().wait(0.0005)
        for thread in takers:
            q.put(None)
    elif ends == "join":
        q.join()
        q.shutdown()
    else:
        q.shutdown()
    for thread in makers + takers:
        thread.join()
    total = 0
    for number in range(producers):
        total += sent[number][0]
        # Each of those that were put, once; none of the others.
        good = seen[number] == bytearray(b"\\x01" * sent[number][0] + bytes(each - sent[number][0]))
        if not good:
            wrong.append((kind, size, number, "not each item once"))
    if tasks and q.unfinished_tasks:
        wrong.append((kind, size, "tasks left"))
    if q.qsize() > 0 and not simple:
        wrong.append((kind, size, "items left"))
    if wrong:
        print("wrong:", kind, size, ends, wrong[:3])
    return total

def ordered(n):
    # What is in before anybody takes comes out in order, for each that takes.
    q = queue.PriorityQueue()
    def put(number):
        for i in range(n // 4):
            q.put(random.randrange(1000))
    results = [[], []]
    def take(into):
        try:
            while True:
                into.append(q.get(False))
        except queue.Empty:
            pass
    for function, args in ((put, range(4)), (take, results)):
        threads = [threading.Thread(target=function, args=(arg,)) for arg in args]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if [sorted(r) for r in results] != results or len(results[0]) + len(results[1]) != n // 4 * 4:
        print("wrong: order")
    return n // 4 * 4

total = 0
while total < {items}:
    total += round_of({each})
    total += ordered({each} // 20)
print(total)
"""

ALL = '("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue", "Hooked")'


def check(t, kinds, items, each):
    for _ in t.repeats(2):
        script = SCRIPT.format(seed=t.seed, hooked=HOOKED, kinds=kinds, items=items, each=each)
        p = t.run(script, options=["-X", "heapsize=4m"])
        n = p.stdout.strip()
        if not n.isdigit():
            p.fail("expected that each item comes out once")
        t.counts["items"] += int(n)


@stress
def test_all_kinds(t):
    if t.stress:
        check(t, ALL, 200000, 20000)
    else:
        check(t, ALL, 20000 // t.slow, 1000)


# The two that change under the guard, at full speed.
@stress
def test_plain_kinds(t):
    if t.stress:
        check(t, '("Queue", "SimpleQueue")', 1000000, 200000)
    else:
        check(t, '("Queue", "SimpleQueue")', 50000 // t.slow, 5000)
