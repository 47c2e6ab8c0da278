"""print(): one call is one write(), whatever its length and whoever prints beside."""

import errno
import os
import re
import signal
import socket
import time

from variant.harness import Failure, alone, least_late, short, stress

# Eight threads print lines of all lengths up to 20 KB; each line says who, which, and how long.
MANY = """
import threading, time
def work(i):
    for k in range(40):
        n = (k * k * k * 7 + i * 311) % 20000 if k % 4 == 0 else k * 9
        print(i, k, n, "x" * n, "end", **KW)
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def check_many(lines, process):
    """All lines are there, whole, and in order for each thread."""
    seen = {i: 0 for i in range(8)}
    for line in lines:
        found = re.fullmatch(r"(\d) (\d+) (\d+) (x*) end", line)
        if not found or len(found.group(4)) != int(found.group(3)):
            process.fail("expected whole lines, got %r" % line[:200])
        i, k = int(found.group(1)), int(found.group(2))
        process.check_equal("line of thread %d" % i, seen[i], k)
        seen[i] = k + 1
    process.check_equal("lines of each thread", [40] * 8, list(seen.values()))


# One that waits for another thread's print() goes on when that is written, however many threads
# compute: 10 of them take 50 ms a round.
@alone
def test_beside_many(t):
    def attempt():
        p = t.run(
            """
            import threading, time
            stop = False
            def compute():
                while not stop:
                    pass
            def talk():
                while not stop:
                    print("says", "x" * 200)
            for target in (compute, talk):
                for _ in range(10):
                    threading.Thread(target=target, daemon=True).start()
            start = time.time()
            for i in range(10):
                print("main", i)
            end = time.time()
            stop = True
            print("took", end - start)
            """
        )
        return float(re.search(r"^took (.*)$", p.stdout, re.M).group(1))

    least_late(t, 0.5, attempt, "ten lines")


@stress
def test_pipe(t):
    for _ in t.repeats(3):
        p = t.run("KW = {}\n" + MANY)
        check_many(p.stdout.splitlines(), p)


def test_stderr(t):
    p = t.start("import sys\nKW = {'file': sys.stderr}\n" + MANY)
    p.finish(0, "", re.compile(""))
    check_many(p.stderr.splitlines(), p)


def test_file(t):
    path = t.folder / "output"
    with path.open("wb") as f:
        p = t.start("KW = {}\n" + MANY, stdout=f)
    p.finish()
    check_many(path.read_text().splitlines(), p)


def test_open_file(t):
    p = t.run("f = open('output', 'w')\nKW = {'file': f}\n" + MANY + "f.close()\n")
    check_many((t.folder / "output").read_text().splitlines(), p)


def messages(t, script, status=0, stderr=None):
    """What the script writes, one item for each write()."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            p = t.start(script, stdout=theirs)
        got = []
        ours.settimeout(max(1, t.deadline - time.monotonic()))
        try:
            while True:
                data = ours.recv(1 << 20)
                if not data:
                    break
                got.append(data.decode())
        except socket.timeout:
            raise Failure("expected the end of the output", p) from None
        p.finish(status, None, stderr)
    return p, got


def test_one_write_each(t):
    p, got = messages(t, "KW = {}\n" + MANY)
    for text in got:
        if not text.endswith(" end\n") or text.count("\n") != 1:
            p.fail("expected one line in each write(), got " + short(text))
    check_many([text[:-1] for text in got], p)


def test_arguments(t):
    p, got = messages(
        t,
        """
        import sys
        print()
        print(end="")
        print("a", 1, None, [2, "b"], (3.5,), {4: b"c"})
        print("a", "b", sep="")
        print("a", "b", sep=", ", end=".\\n")
        print("many", *range(200), sep="\\n")
        print("a" * 255)
        print("a" * 256)
        print("a" * 257, "b" * 1000, "c" * 40000)
        print("\\u00e4\\u20ac", end="\\u00e4")
        sys.stdout.write("written\\n")
        print("stderr", file=sys.stderr)
        """,
        stderr="stderr\n",
    )
    want = [
        "\n",
        "a 1 None [2, 'b'] (3.5,) {4: b'c'}\n",
        "ab\n",
        "a, b.\n",
        "many\n" + "\n".join(map(str, range(200))) + "\n",
        "a" * 255 + "\n",
        "a" * 256 + "\n",
        "a" * 257 + " " + "b" * 1000 + " " + "c" * 40000 + "\n",
        "\u00e4\u20ac\u00e4",
        "written\n",
    ]
    p.check_equal("number of writes", len(want), len(got))
    for n, (one, other) in enumerate(zip(want, got)):
        p.check_equal("write %d" % n, one, other)


# What comes before the argument that raises is printed, without the end.
def test_str_raises(t):
    p, got = messages(
        t,
        """
        class Bad:
            def __str__(self):
                raise ValueError("bad")
        for args in ((Bad(),), ("a", "b", Bad(), "c"), ("d" * 1000, Bad())):
            try:
                print(*args)
            except ValueError as e:
                print("|", e)
        """,
    )
    want = ["| bad\n", "a b ", "| bad\n", "d" * 1000 + " ", "| bad\n"]
    p.check_equal("writes", want, got)


# The inner line is complete when the outer print() goes on.
def test_nested(t):
    p, got = messages(
        t,
        """
        class Nested:
            def __init__(self, depth):
                self.depth = depth
            def __str__(self):
                if self.depth:
                    print("inner", Nested(self.depth - 1))
                return "nested%d" % self.depth
        print("outer", Nested(2), "end")
        """,
    )
    want = ["inner nested0\n", "inner nested1\n", "outer nested2 end\n"]
    p.check_equal("writes", want, got)


def test_python_file(t):
    t.run(
        """
        import io, sys, threading
        class Upper(io.IOBase):
            def write(self, data):
                print("writes", len(data))
                return len(data)
        print("a", "b", file=Upper())
        s = io.StringIO()
        print("a", 1, sep="-", end=".", file=s)
        print(s.getvalue())
        for file in (1, object()):
            try:
                print("a", file=file)
            except (OSError, AttributeError) as e:
                print(type(e).__name__)
        """,
        stdout="writes 1\nwrites 1\nwrites 1\nwrites 1\na-1.\nOSError\nOSError\n",
    )


# flush=True calls flush() of a stream in Python, after the text; all others keep nothing back.
def test_flush(t):
    t.run(
        """
        import io, sys
        class File(io.IOBase):
            def write(self, data):
                shown.append("write")
                return len(data)
            def flush(self):
                shown.append("flush")
        class NoFlush(io.IOBase):
            def write(self, data):
                return len(data)
        class Fails(NoFlush):
            def flush(self):
                raise OSError
        shown = []
        print("to", "stdout", flush=True)
        print("not", "flushed", flush=0)
        print("to stderr", file=sys.stderr, flush=True)
        print("a", file=File(), flush=False)
        print("a", file=File(), flush=[1])
        print(shown)
        for file in (Fails(), NoFlush()):
            print("written", file=file)
            try:
                print("written", file=file, flush=True)
            except (OSError, AttributeError) as e:
                print(type(e).__name__)
        s = io.StringIO()
        print("a", file=s, flush=True)
        print(s.getvalue(), end="")
        """,
        stdout="to stdout\nnot flushed\n"
        "['write', 'write', 'write', 'write', 'flush']\n"
        "OSError\nAttributeError\na\n",
        stderr="to stderr\n",
    )


# Nothing is asked of the disk: neither a pipe nor a socket could be synchronised with one.
def test_flush_system(t):
    os.mkfifo(str(t.folder / "fifo"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        p = t.run(
            """
            import socket
            fifo = open("fifo", "r+")
            print("to a pipe", file=fifo, flush=True)
            print(fifo.readline(), end="")
            s = socket.socket()
            s.connect(socket.getaddrinfo("127.0.0.1", %d)[0][-1])
            print("to a socket", file=s.makefile("w"), flush=True)
            """
            % server.getsockname()[1],
            stdout="to a pipe\n",
        )
        connection = server.accept()[0]
        with connection, connection.makefile() as file:
            p.check_equal("the socket's line", "to a socket\n", file.readline())


def full_pipe(t, script):
    """A script whose standard output nobody reads; it talks through standard error."""
    read, write = os.pipe()
    try:
        p = t.start(script, stdout=write)
    finally:
        os.close(write)
    return p, read


def wait_stderr(p, text):
    end = min(p.test.deadline, time.monotonic() + 5 * p.test.slow)
    while time.monotonic() < end:
        with p.err.changed:
            for when, line in p.err.lines:
                if line == text:
                    return when
            p.err.changed.wait(0.1)
    p.fail("standard error: expected %r" % text)


def drain(fd):
    chunks = []
    while True:
        data = os.read(fd, 65536)
        if not data:
            os.close(fd)
            return b"".join(chunks)
        chunks.append(data)


# While one thread's print() waits for the reader, others compute, sleep and use queues.
def test_slow_reader(t):
    p, fd = full_pipe(
        t,
        """
        import queue, sys, threading, time
        def talk():
            for i in range(4):
                print(i, "x" * 100000)
        q = queue.Queue()
        threading.Thread(target=talk, name="talk").start()
        threading.Thread(target=lambda: [q.put(i) for i in range(100)]).start()
        time.sleep(0.05)
        sys.stderr.write("got %d\\n" % sum(q.get() for _ in range(100)))
        """,
    )
    wait_stderr(p, "got 4950")
    p.wait_blocked(p.thread_named("talk"))
    text = drain(fd).decode()
    p.finish(0, None, "got 4950\n")
    p.check_equal("output", "".join("%d %s\n" % (i, "x" * 100000) for i in range(4)), text)


# Nobody reads standard output; standard error has a reader.
def test_slow_reader_stderr(t):
    p, fd = full_pipe(
        t,
        """
        import sys, threading, time
        threading.Thread(target=lambda: print("x" * 100000), name="talk").start()
        time.sleep(0.05)
        print("error", file=sys.stderr)
        sys.stderr.write("written\\n")
        """,
    )
    wait_stderr(p, "written")
    drain(fd)
    p.finish(0, None, "error\nwritten\n")


INTERRUPTED = """
import sys, threading, time
%s
try:
    sys.stderr.write("ready\\n")
    %s
except KeyboardInterrupt:
    sys.stderr.write("interrupted\\n")
print("after")
"""

SHORT = 'while True: print("x" * 100)'
LONG = 'print("x" * 100000)'


def check_interrupted(t, prelude, call):
    def attempt():
        p, fd = full_pipe(t, INTERRUPTED % (prelude, call))
        wait_stderr(p, "ready")
        p.wait_blocked()
        sent = p.signal(signal.SIGINT)
        late = wait_stderr(p, "interrupted") - sent
        # The lock of print() is free: the script's last line comes through.
        text = drain(fd).decode()
        p.finish(0, None, "ready\ninterrupted\n")
        if not text.endswith("after\n"):
            p.fail("expected a last line, got %r" % text[-100:])
        return late

    least_late(t, 0.05, attempt, "KeyboardInterrupt")


# The main thread is in write(), and the pipe takes nothing of a short line ...
def test_interrupted_write(t):
    check_interrupted(t, "", SHORT)


# ... but has taken a part of a long one.
def test_interrupted_long_write(t):
    check_interrupted(t, "", LONG)


# The main thread waits for another one's print() to end.
def test_interrupted_turn(t):
    talk = """
threading.Thread(target=lambda: print("y" * 100000)).start()
time.sleep(0.05)
"""
    check_interrupted(t, talk, SHORT)


# Ctrl-C at any moment of many print() calls: lines are whole, and the lock is not left behind.
@stress
def test_interrupted_lines(t):
    for _ in t.repeats(20):
        p = t.start("""
            import threading
            stop = False
            def talk():
                while not stop:
                    print("from a thread", "x" * 50)
            threading.Thread(target=talk).start()
            try:
                while True:
                    print("from main", "x" * 50)
            except KeyboardInterrupt:
                stop = True
            print("after")
        """)
        while not p.next_line()[1].startswith("from main"):
            pass
        time.sleep(t.random.random() * 0.005)
        p.signal(signal.SIGINT)
        p.finish()
        want = {"from a thread " + "x" * 50, "from main " + "x" * 50, "after"}
        got = set(p.stdout.splitlines())
        # A write() that a signal cuts short has written a part; a pipe takes such a line whole.
        p.check_equal("lines", want, got)


def test_closed_pipe(t):
    p, fd = full_pipe(
        t,
        """
        import sys, threading
        def talk(name):
            try:
                while True:
                    print("x" * 1000)
            except OSError as e:
                print(name, e.errno, file=sys.stderr)
        print("ready", file=sys.stderr)
        thread = threading.Thread(target=talk, args=("thread",))
        thread.start()
        thread.join()
        talk("main")
        talk("main")
        """,
    )
    wait_stderr(p, "ready")
    os.close(fd)
    p.finish(0, None, "ready\n" + "thread {0}\nmain {0}\nmain {0}\n".format(errno.EPIPE))
