"""Starting threads: what the system refuses, how many there can be, how deep and how dear."""

import os
import re
import subprocess

from variant.harness import Skip, stress

# What all refusals must leave behind: no trace in the registry, and a thread that can be started.
REFUSED = """
import sys, threading, time
go = threading.Event()
%s
threads = []
refused = None
while refused is None and len(threads) < 3000:
    thread = threading.Thread(target=go.wait)
    try:
        thread.start()
        threads.append(thread)
    except RuntimeError as e:
        refused = thread
        print(e)
print(0 < len(threads) < 3000)
for _ in range(20):
    # Some other thread of the machine may have ended just now.
    try:
        refused.start()
        threads.append(refused)
        refused = threading.Thread(target=go.wait)
    except RuntimeError:
        break
print(refused in threading.enumerate(), refused.is_alive(), refused.ident)
print(threading.active_count() == len(threads) + 1, len(threading.enumerate()) == len(threads) + 1)
"""

REFUSED_OUTPUT = "can't start new thread\nTrue\nFalse False None\nTrue True\n"

# ... when some have ended.
AGAIN = """
go.set()
for thread in threads:
    thread.join()
print(threading.enumerate() == [threading.current_thread()])
for attempt in range(200):
    # The system counts a thread a little longer than we do.
    try:
        refused.start()
        break
    except RuntimeError:
        time.sleep(0.01)
refused.join()
print(refused.is_alive(), threading.active_count())
"""

AGAIN_OUTPUT = "True\nFalse 1\n"


# How many modules of a chain, in which each imports the next one, a thread can import.
NESTED_IMPORTS = 30


def can_run_as_other(t, wrap):
    """Whether a user whom nobody knows may execute the interpreter where it is."""
    p = t.start("print(1)", wrap=wrap)
    p.popen.wait()
    if p.popen.returncode != 0:
        raise Skip("another user cannot execute the interpreter here")


def test_nproc(t):
    wrap = t.limited(nproc=40)
    can_run_as_other(t, wrap)
    t.run(REFUSED % "" + AGAIN, wrap=wrap, stdout=REFUSED_OUTPUT + AGAIN_OUTPUT)


# Raised from outside while the program runs.
def test_nproc_raised(t):
    wrap = t.limited(nproc=40)
    can_run_as_other(t, wrap)
    if os.geteuid() != 0:
        raise Skip("the limit of a user with other programs can be met but not exceeded at will")
    script = REFUSED % "" + """
sys.stdin.readline()
more = [refused] + [threading.Thread(target=go.wait) for _ in range(100)]
for thread in more:
    thread.start()
print(threading.active_count() == 1 + len(threads) + len(more))
go.set()
"""
    p = t.start(script, wrap=wrap, stdin=subprocess.PIPE)
    for line in REFUSED_OUTPUT.splitlines():
        p.line(line)
    p.limit_threads(1000)
    p.write("\n")
    p.line("True")
    p.finish()


def test_memory(t):
    if t.emulated:
        raise Skip("the emulator needs the address space itself")
    wrap = t.limited(memory=128 << 20)
    script = REFUSED % "threading.stack_size(4 << 20)" + AGAIN
    t.run(script, wrap=wrap, stdout=REFUSED_OUTPUT + AGAIN_OUTPUT)


# The other threads go on while starts are refused.
def test_refused_often(t):
    if t.emulated:
        raise Skip("the emulator needs the address space itself")
    t.run(
        """
        import queue, threading
        threading.stack_size(1 << 30)
        refused = 0
        q = queue.Queue()
        q.put(threading.Thread(target=lambda: None))
        for _ in range(2000):
            try:
                threading.Thread(target=lambda: None, name="x" * 100).start()
            except RuntimeError:
                refused += 1
        print(refused, threading.active_count())
        threading.stack_size(0)
        thread = q.get()
        thread.start()
        thread.join()
        print(thread)
        """.replace("print(thread)", "print(repr(thread).split(',')[1][:8])"),
        wrap=t.limited(memory=256 << 20),
        stdout="2000 1\n stopped\n",
    )


def test_thousand_threads(t):
    t.run(
        """
        import queue, threading
        N = %d
        q = queue.Queue()
        event = threading.Event()
        lock = threading.Lock()
        total = 0
        def work(i):
            global total
            q.put(i)
            event.wait()
            with lock:
                total += i
        threads = [threading.Thread(target=work, args=(i,)) for i in range(N)]
        for thread in threads:
            thread.start()
        print(sum(q.get() for _ in range(N)) == sum(range(N)), threading.active_count() == N + 1)
        print(len({thread.ident for thread in threading.enumerate()}) == N + 1)
        event.set()
        for thread in threads:
            thread.join()
        print(total == sum(range(N)), threading.active_count())
        """
        % (200 if t.emulated else 1000),
        stdout="True True\nTrue\nTrue 1\n",
    )


DEEP_HEAP = ["-X", "heapsize=16M"]

# Each kind in a thread of its own, at each size of stack: RuntimeError, and the thread goes on.
DEEP = """
import json, threading

def python(n=0):
    return python(n + 1) + 1

def arguments(*args, **kw):
    return [arguments(*args, **kw)]

class Str:
    def __str__(self):
        return "%s" % Str()

class Attr:
    def __getattr__(self, name):
        return getattr(self, name + "x"[:0])

class Hash:
    def __eq__(self, other):
        return self == other

def generator():
    yield from generator()

def nested():
    # No stack is as deep: a level of the least kind takes 24 bytes of it, on ARM.
    x = []
    for _ in range((stack or 131072) // 16):
        x = [x]
    return x

def key(x):
    return sorted([2, 1], key=key)[0]

def locked():
    with threading.Lock():
        locked()

def caught():
    try:
        caught()
    finally:
        len([])

KINDS = {
    "python": python,
    "arguments": lambda: arguments(1, 2, 3, a=4),
    "str": lambda: str(Str()),
    "attr": lambda: Attr().a,
    "eq": lambda: Hash() == 1,
    "generator": lambda: list(generator()),
    "repr": lambda: repr(nested()),
    "dumps": lambda: json.dumps(nested()),
    "sorted": lambda: key(0),
    "map": lambda: recurse_map(0),
    "locked": locked,
    "finally": caught,
    "exec": lambda: exec("f()", {"f": lambda: KINDS["exec"]()}),
    "print": lambda: print(Str()),
}

def recurse_map(x):
    return list(map(recurse_map, [x]))

def run(name, size):
    try:
        KINDS[name]()
        result = "no error"
    except RuntimeError as e:
        result = type(e).__name__ + " " + str(e)
    if result != "RuntimeError maximum recursion depth exceeded":
        print(name, size, result)

for stack in (32768, 0, 1 << 20):
    threading.stack_size(stack)
    for name in KINDS:
        thread = threading.Thread(target=run, args=(name, stack))
        thread.start()
        thread.join()
print("done")
"""


@stress
def test_recursion(t):
    for _ in t.repeats(50):
        t.run(DEEP, options=DEEP_HEAP, stdout="done\n")


# Stock MicroPython's comparison does not look at the stack.
def test_recursion_compare(t):
    kinds = re.compile(r"KINDS = \{.*?\n\}\n", re.S)
    for what in ("nested() == nested()", "(nested(),) < (nested(),)", "{1: nested()} == {1: nested()}"):
        script = kinds.sub("KINDS = {'compare': lambda: %s}\n" % what, DEEP)
        t.run(script, options=DEEP_HEAP, stdout="done\n")


# Several at once, while the collector runs.
@stress
def test_recursion_at_once(t):
    script = DEEP.replace('print("done")\n', "") + """
import gc
def often(size):
    for _ in range(30):
        run("python", size)
        gc.collect()
threads = []
for size in (32768, 0, 1 << 20):
    threading.stack_size(size)
    threads += [threading.Thread(target=often, args=(size,)) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done")
"""
    for _ in t.repeats(3):
        t.run(script, options=DEEP_HEAP, stdout="done\n")


# The memory of threads that have ended is used again. The heap is small, for it fills with garbage
# once; that and malloc's own keep stay below GROWTH, which is 200 bytes a thread.
HEAP = ["-X", "heapsize=256K"]
GROWTH = 1 << 20


def skip_emulated(t):
    if t.emulated:
        raise Skip("the emulator keeps memory of its own for each thread that there was")


def test_memory_of_threads(t):
    skip_emulated(t)
    p = t.start(
        """
        import sys, threading
        def cycle(n):
            for _ in range(n):
                thread = threading.Thread(target=len, args=("",))
                thread.start()
                thread.join()
        cycle(1000)
        print("ready")
        sys.stdin.readline()
        cycle(5000)
        print("ready")
        sys.stdin.readline()
        """,
        stdin=subprocess.PIPE,
        options=HEAP,
    )
    p.line("ready")
    before = p.resident()
    p.write("\n")
    p.line("ready")
    growth = p.resident() - before
    # join() returns a little before the system's thread is gone.
    p.wait_for("all native threads to end", lambda: len(p.tasks()) == 1)
    p.write("\n")
    p.finish(0, "ready\nready\n")
    if growth > GROWTH:
        p.fail("resident memory: expected to grow by %d at most, grew by %d" % (GROWTH, growth))


# Many alive at once, then none, again and again: stacks do not pile up.
def test_memory_of_many(t):
    skip_emulated(t)
    p = t.start(
        """
        import sys, threading
        def wave():
            event = threading.Event()
            threads = [threading.Thread(target=event.wait) for _ in range(100)]
            for thread in threads:
                thread.start()
            event.set()
            for thread in threads:
                thread.join()
        for n in (5, 50):
            for _ in range(n):
                wave()
            print("ready")
            sys.stdin.readline()
        """,
        stdin=subprocess.PIPE,
        options=HEAP,
    )
    p.line("ready")
    before = p.resident()
    p.write("\n")
    p.line("ready")
    growth = p.resident() - before
    p.write("\n")
    p.finish()
    if growth > GROWTH:
        p.fail("resident memory: expected to grow by %d at most, grew by %d" % (GROWTH, growth))


# An error message that the threads' own failures print comes whole, whoever prints beside.
def test_failing_threads(t):
    n = 50
    p = t.start(
        """
        import threading
        def fail(i):
            raise ValueError("number %%d " %% i + "x" * 100)
        threads = [threading.Thread(target=fail, args=(i,)) for i in range(%d)]
        for thread in threads:
            thread.start()
        """
        % n
    )
    p.finish(0, "", re.compile("Exception in thread"))
    block = re.compile(
        r"Exception in thread Thread-(\d+) \(fail\):\nTraceback \(most recent call last\):\n"
        r'(?:  File "[^"]*", line \d+, in fail\n)ValueError: number (\d+) x{100}\n'
    )
    found = block.findall(p.stderr)
    p.check_equal("messages", list(range(n)), sorted(int(number) for _, number in found))
    p.check_equal("what is left", "", block.sub("", p.stderr))


def test_nested_imports(t):
    """Each import under way takes a part of the stack; the port's own would leave room for 25."""
    for i in range(NESTED_IMPORTS):
        text = "import nested%d\n" % (i + 1) if i + 1 < NESTED_IMPORTS else "print(__name__)\n"
        (t.folder / ("nested%d.py" % i)).write_text(text)
    script = """
import sys, threading
sys.path.append(%r)
thread = threading.Thread(target=__import__, args=("nested0",))
thread.start()
thread.join()
""" % str(t.folder)
    t.run(script, stdout="nested%d\n" % (NESTED_IMPORTS - 1), stderr="")
