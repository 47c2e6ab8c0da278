"""Calls that block: other threads run meanwhile, and timeouts are kept under signals."""

import os
import pty
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from variant.harness import Skip, alone, least_late

# A thread named `blocked` is in the call. The main thread prints a line whenever a third thread
# has got on, so a call that keeps the GIL shows itself by silence.
OTHERS_RUN = """
import os, select, socket, sys, threading, time
ticks = 0
stop = False

def tick():
    global ticks
    while not stop:
        ticks += 1
        time.sleep(0.001)

def address(port):
    return socket.getaddrinfo("127.0.0.1", port)[0][-1]

def connected(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, 7, 4096)  # SO_SNDBUF
    s.connect(address(port))
    return s

%s

def run():
    global result
    try:
        result = %s
    except Exception as e:
        result = type(e).__name__

ticker = threading.Thread(target=tick)
ticker.start()
thread = threading.Thread(target=run, name="blocked")
thread.start()
while thread.is_alive():
    before = ticks
    while ticks < before + 3 and thread.is_alive():
        time.sleep(0.001)
    print("others run")
print("result", result)
stop = True
"""


def check_others_run(t, call, release, result, prepare="", **how):
    """While a thread is in the call others run; release() ends the call, which returns result."""
    p = t.start(OTHERS_RUN % (prepare, call), **how)
    p.wait_blocked(p.thread_named("blocked"))
    with p.out.changed:
        p.taken = len(p.out.lines)
    for _ in range(3):
        p.line("others run")
    release(p)
    text = "others run"
    while text == "others run":
        _, text = p.next_line()
    p.check_equal("result", "result " + result, text)
    p.finish()


def nothing(p):
    pass


def test_sleep(t):
    check_others_run(t, "time.sleep(0.5)", nothing, "None")


def test_sleep_ms(t):
    check_others_run(t, "time.sleep_ms(500)", nothing, "None")


def test_sleep_us(t):
    check_others_run(t, "time.sleep_us(500000)", nothing, "None")


def write_hello(p):
    p.write("hello\n")


def check_stdin(t, call, release=write_hello, result="'hello\\n'"):
    check_others_run(t, "repr(%s)" % call, release, result, stdin=subprocess.PIPE)


def test_stdin_readline(t):
    check_stdin(t, "sys.stdin.readline()")


def test_stdin_read(t):
    check_stdin(t, "sys.stdin.read(6)")


def test_stdin_buffer(t):
    check_stdin(t, "sys.stdin.buffer.read(6)", result="b'hello\\n'")


def test_poll(t):
    prepare = "poller = select.poll()\npoller.register(sys.stdin, select.POLLIN)"
    check_others_run(t, "poller.poll()[0][1]", write_hello, "1", prepare, stdin=subprocess.PIPE)


def test_ipoll(t):
    prepare = "poller = select.poll()\npoller.register(sys.stdin, select.POLLIN)"
    call = "[mask for _, mask in poller.ipoll(60000)]"
    check_others_run(t, call, write_hello, "[1]", prepare, stdin=subprocess.PIPE)


def others_run(p):
    return p.stdout.count("others run")


# input() echoes what is typed, on the line of the result.
def test_input(t):
    master, slave = pty.openpty()
    p = t.start(OTHERS_RUN % ("", "input()"), stdin=slave)
    p.wait_blocked(p.thread_named("blocked"))
    for _ in range(3):
        p.wait_for("progress", lambda n=p.stdout.count("others run"): others_run(p) > n)
    os.write(master, b"hello\r")
    p.wait_for("the result", lambda: "\nresult hello\n" in p.stdout)
    p.finish()
    os.close(master)
    os.close(slave)


# At the prompt of the REPL. (It drops what is typed before the prompt.)
def test_repl(t):
    master, slave = pty.openpty()
    script = """
        import threading, time
        def tick():
            while True:
                print("others run")
                time.sleep(0.01)
        threading.Thread(target=tick, daemon=True).start()
    """
    p = t.start(script, options=["-i"], stdin=slave, env={"HOME": str(t.folder)})
    for n, typed in ((1, b"print(6 * 7)\r"), (2, b"\x04")):
        p.wait_for("a prompt", lambda: p.stdout.count(">>> ") == n)
        p.wait_blocked()
        before = others_run(p)
        p.wait_for("progress", lambda: others_run(p) > before + 3)
        os.write(master, typed)
    p.finish()
    if "\n42\n" not in p.stdout:
        p.fail("expected 42, the value of what was typed")
    os.close(master)
    os.close(slave)


def fifo(t, name="fifo"):
    path = str(t.folder / name)
    os.mkfifo(path)
    return path


def write_to(path, text):
    with open(path, "w") as file:
        file.write(text)


def test_open(t):
    path = fifo(t)
    check_others_run(t, "open(%r).read()" % path, lambda p: write_to(path, "hello"), "hello")


def test_file_read(t):
    path = fifo(t)
    both_ends = os.open(path, os.O_RDWR)
    check_others_run(
        t, "open(%r).read(5)" % path, lambda p: os.write(both_ends, b"hello"), "hello"
    )
    os.close(both_ends)


def test_file_write(t):
    path = fifo(t)
    both_ends = os.open(path, os.O_RDWR)

    def release(p):
        left = 300000
        while left:
            left -= len(os.read(both_ends, 65536))

    check_others_run(t, "open(%r, 'w').write(bytes(300000))" % path, release, "300000")
    os.close(both_ends)


def test_system(t):
    path = fifo(t)
    call = "os.system('read x < %s; exit $x')" % path
    check_others_run(t, call, lambda p: write_to(path, "3\n"), str(3 << 8))


# The child runs nothing of the interpreter: locks that other threads hold do not matter to it.
def test_system_many(t):
    p = t.run(
        """
        import os, threading
        lock = threading.Lock()
        results = []
        def run(i):
            with lock:
                pass
            status = os.system("exit %d" % i)
            with lock:
                results.append(status)
        threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
        with lock:
            for thread in threads:
                thread.start()
            os.system("true")
        for thread in threads:
            thread.join()
        print(sorted(results))
        """,
    )
    p.check_equal("output", str([i << 8 for i in range(8)]) + "\n", p.stdout)


# The C library ignores Ctrl-C in the whole process until the command has ended, as in CPython.
def test_system_interrupt(t):
    path = fifo(t)
    p = t.start(
        """
        import os, threading
        def run():
            print("status", os.system("read x < %s"))
        thread = threading.Thread(target=run, name="blocked")
        thread.start()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("interrupted")
        """
        % path
    )
    p.wait_blocked(p.thread_named("blocked"))
    p.wait_for("SIGINT to be ignored", lambda: int(p.status_of(p.pid)["SigIgn"], 16) & 2)
    p.signal(signal.SIGINT)
    write_to(path, "\n")
    p.line("status 0")
    p.signal(signal.SIGINT)
    p.line("interrupted")
    p.finish()


# In raw mode Ctrl-C is a character, which reaches whoever reads it. (tests/cpydiff)
def test_input_interrupt(t):
    master, slave = pty.openpty()
    p = t.start(
        """
        import threading
        def read():
            try:
                input()
            except KeyboardInterrupt:
                print("interrupted")
        thread = threading.Thread(target=read, name="blocked")
        thread.start()
        thread.join()
        print("joined")
        """,
        stdin=slave,
    )
    p.wait_blocked(p.thread_named("blocked"))
    os.write(master, b"\x03")
    p.line("interrupted")
    p.line("joined")
    p.finish()
    os.close(master)
    os.close(slave)


# Ctrl-C lands on another thread: its own call goes on, the main thread's is interrupted.
def test_interrupt_elsewhere(t):
    p = t.start(
        """
        import socket, sys, threading
        here = socket.getaddrinfo("127.0.0.1", 0)[0][-1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(here)
        def read():
            print("read", repr(sys.stdin.readline()))
        thread = threading.Thread(target=read, name="blocked")
        thread.start()
        try:
            print("ready")
            udp.recv(1)
        except KeyboardInterrupt:
            print("interrupted")
        thread.join()
        """,
        stdin=subprocess.PIPE,
    )
    p.line("ready")
    p.wait_blocked()
    tid = p.thread_named("blocked")
    p.wait_blocked(tid)
    p.signal_thread(tid, signal.SIGINT)
    p.line("interrupted")
    p.wait_blocked(tid)
    p.write("hello\n")
    p.line("read 'hello\\n'")
    p.finish()


# The resolver reads this file before it asks a server.
def test_getaddrinfo(t):
    if t.musl:
        raise Skip("musl's resolver reads no file that a test can choose")
    path = fifo(t)
    env = {"HOSTALIASES": path, "RES_OPTIONS": "timeout:1 attempts:1"}

    def release(p):
        # It may read the file once more.
        with open(path, "w"):
            aliases = t.folder / "aliases"
            aliases.touch()
            aliases.replace(path)

    check_others_run(t, "socket.getaddrinfo('nowhere', 80)", release, "OSError", env=env)


def listen(backlog=5):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    return listener


def port_of(s):
    return s.getsockname()[1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return port_of(s)


# Each with no timeout, and with one that is not reached.
TIMEOUTS = ("", "s.settimeout(60)\n")


def check_socket(t, call, release, result):
    for timeout in TIMEOUTS:
        with listen() as listener:
            prepare = "s = connected(%d)\n%s" % (port_of(listener), timeout)
            check_others_run(t, call, lambda p: release(listener.accept()[0]), result, prepare)


def send_hello(s):
    s.sendall(b"hello\n")
    s.close()


def test_recv(t):
    check_socket(t, "s.recv(6)", send_hello, "b'hello\\n'")


def test_recvfrom(t):
    check_socket(t, "s.recvfrom(6)[0]", send_hello, "b'hello\\n'")


def test_socket_read(t):
    check_socket(t, "s.read(6)", send_hello, "b'hello\\n'")


def test_socket_readline(t):
    check_socket(t, "s.readline()", send_hello, "b'hello\\n'")


def test_socket_makefile(t):
    check_socket(t, "s.makefile('rb').read(6)", send_hello, "b'hello\\n'")


SENT = 300000


def receive_all(s):
    left = SENT
    while left:
        left -= len(s.recv(65536))


# write() sends all; send() with a timeout what there is room for.
def test_socket_write(t):
    check_socket(t, "s.write(bytes(%d))" % SENT, receive_all, str(SENT))


def test_send(t):
    with listen() as listener:
        prepare = "s = connected(%d)" % port_of(listener)
        call = "s.send(bytes(%d))" % SENT
        check_others_run(
            t, call, lambda p: receive_all(listener.accept()[0]), str(SENT), prepare
        )


def test_accept(t):
    for timeout in TIMEOUTS:
        port = free_port()
        prepare = "s = socket.socket()\ns.bind(address(%d))\ns.listen(1)\n%s" % (port, timeout)
        client = socket.socket()
        check_others_run(
            t,
            "s.accept()[0].recv(6)",
            lambda p: (client.connect(("127.0.0.1", port)), send_hello(client)),
            "b'hello\\n'",
            prepare,
        )


class FullListener:
    """A port to which nobody can connect until somebody who waits is accepted."""

    def __init__(self):
        self.socket = listen(0)
        self.inside = socket.create_connection(self.socket.getsockname())
        self.port = port_of(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.inside.close()
        self.socket.close()

    def accept(self):
        self.socket.accept()[0].close()


def test_connect(t):
    for timeout in TIMEOUTS:
        with FullListener() as full:
            prepare = "s = socket.socket()\n" + timeout
            call = "s.connect(address(%d))" % full.port
            check_others_run(t, call, lambda p: full.accept(), "None", prepare)


# How late a timeout may be. (A clock that is read in milliseconds or microseconds rounds.)
LATE = 0.02
EARLY = 0.0015

# Every wait in a thread of its own, beside three threads that collect.
TIMED = """
import gc, select, socket, sys, threading, time
DELAY = 2.1
stop = False

def collect():
    while not stop:
        gc.collect()
        time.sleep(0.02)

def address(port):
    return socket.getaddrinfo("127.0.0.1", port)[0][-1]

def connected():
    s = socket.socket()
    s.connect(address(%d))
    s.settimeout(DELAY)
    return s

# A local socket: TCP would move what is in it to the other end later, and make room.
def full_of_data():
    s = socket.socket(socket.AF_UNIX)
    s.connect(b"\\x01\\x00" + b"receiver")  # the system's struct sockaddr_un
    s.settimeout(0)
    try:
        while True:
            s.send(bytes(4096))
    except OSError:
        pass
    s.settimeout(DELAY)
    return s

def bound(kind):
    s = socket.socket(socket.AF_INET, kind)
    s.bind(address(0))
    s.settimeout(DELAY)
    return s

receiver = connected()
sender = full_of_data()
udp = bound(socket.SOCK_DGRAM)
listener = bound(socket.SOCK_STREAM)
listener.listen(1)
connecter = socket.socket()
connecter.settimeout(DELAY)
full = address(%d)
poller = select.poll()
poller.register(receiver, select.POLLIN)
ipoller = select.poll()
ipoller.register(receiver, select.POLLIN)

waits = [
    ("sleep", lambda: time.sleep(DELAY)),
    ("sleep_ms", lambda: time.sleep_ms(int(DELAY * 1000))),
    ("sleep_us", lambda: time.sleep_us(int(DELAY * 1000000))),
    ("recv", lambda: receiver.recv(1)),
    ("read", lambda: receiver.read(1)),
    ("recvfrom", lambda: udp.recvfrom(1)),
    ("accept", lambda: listener.accept()),
    ("connect", lambda: connecter.connect(full)),
    ("send", lambda: sender.send(b"x")),
    ("write", lambda: sender.write(b"x")),
    ("poll", lambda: poller.poll(int(DELAY * 1000))),
    ("ipoll", lambda: list(ipoller.ipoll(int(DELAY * 1000)))),
]

def run(name, wait):
    start = time.time()
    try:
        result = wait()
    except OSError as e:
        result = e.errno
    late = time.time() - start - DELAY
    print(name, result, late)

collectors = [threading.Thread(target=collect) for _ in range(3)]
threads = [threading.Thread(target=run, args=pair) for pair in waits]
for thread in collectors + threads:
    thread.start()
print("ready")
for thread in threads:
    thread.join()
stop = True
"""

# What each returns or raises: recv() and its like raise EAGAIN, as in stock MicroPython.
TIMED_RESULTS = {
    "sleep": "None",
    "sleep_ms": "None",
    "sleep_us": "None",
    "recv": "11",
    "read": "110",
    "recvfrom": "11",
    "accept": "110",
    "connect": "110",
    "send": "11",
    "write": "110",
    "poll": "[]",
    "ipoll": "[]",
}


def local_listener(t):
    path = t.folder / "receiver"
    if path.exists():
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1)
    return listener


def check_timeouts(t, disturb):
    def attempt():
        with listen() as listener, FullListener() as full, local_listener(t):
            p = t.start(TIMED % (port_of(listener), full.port))
            p.line("ready")
            disturb(p)
            results, latest = {}, 0
            for _ in TIMED_RESULTS:
                name, result, late = p.match(r"(\w+) (.*) (\S+)").groups()
                results[name] = result
                if float(late) < -EARLY:
                    p.fail("%s: expected to wait 2.1 s, ended %s s before" % (name, late[1:]))
                latest = max(latest, float(late))
            p.check_equal("results", TIMED_RESULTS, results)
            p.finish()
            return latest

    least_late(t, LATE, attempt, "timeouts")


@alone
def test_timeouts(t):
    check_timeouts(t, nothing)


# As by Ctrl-Z and fg: most system calls are interrupted by it.
@alone
def test_timeouts_stopped(t):
    def stop_and_continue(p):
        for _ in range(10):
            p.signal(signal.SIGSTOP)
            p.wait_for("a stopped program", lambda: p.status_of(p.pid)["State"][0] in "Tt")
            p.signal(signal.SIGCONT)
            p.wait_for("a running program", lambda: p.status_of(p.pid)["State"][0] not in "Tt")
            p.out.thread.join(0.15)

    check_timeouts(t, stop_and_continue)


# strace holds the call up for a while, as a slow disk or an early boot without entropy would.
SLOW_CALL = """
import os, sys, threading, time
ticks = 0
stop = False
def tick():
    global ticks
    while not stop:
        ticks += 1
        time.sleep(0.001)
threading.Thread(target=tick).start()
before = ticks
%s
print("others run", ticks > before + 10)
stop = True
"""


def need_strace(t):
    if not shutil.which("strace"):
        raise Skip("strace is not there")


def check_slow(t, calls, statement, **how):
    need_strace(t)
    inject = "inject=%s:delay_enter=500000" % calls
    wrap = ["strace", "-f", "-o", "/dev/null", "-e", "trace=" + calls, "-e", inject]
    p = t.start(SLOW_CALL % statement, wrap=wrap, **how)
    p.line("others run True")
    p.finish()


def test_remove(t):
    (t.folder / "file").touch()
    check_slow(t, "unlink,unlinkat", "os.remove('file')")
    assert not (t.folder / "file").exists()


def test_rmdir(t):
    (t.folder / "folder").mkdir()
    check_slow(t, "rmdir,unlinkat", "os.rmdir('folder')")
    assert not (t.folder / "folder").exists()


def test_chdir(t):
    check_slow(t, "chdir", "os.chdir('/')")


def test_urandom(t):
    check_slow(t, "getrandom", "os.urandom(1)")


# What a signal interrupts or cuts short is completed.
def test_urandom_interrupted(t):
    need_strace(t)
    inject = "inject=getrandom:error=EINTR:when=1..2"
    wrap = ["strace", "-f", "-o", "/dev/null", "-e", "trace=getrandom", "-e", inject]
    t.run("import os; print(len(os.urandom(8)))", stdout="8\n", wrap=wrap)


def test_tcsetattr(t):
    master, slave = pty.openpty()
    statement = "import termios; termios.tcsetattr(0, 1, termios.tcgetattr(0))"
    check_slow(t, "ioctl", statement, stdin=slave)
    os.close(master)
    os.close(slave)


def test_fsync(t):
    check_slow(t, "fsync", "open('file', 'w').flush()")


def test_rename(t):
    (t.folder / "file").touch()
    check_slow(t, "rename,renameat,renameat2", "os.rename('file', 'other')")
