"""Calls with a timeout keep their time while other threads collect all the time.

Stock's collector signals every thread, and a call that starts its whole timeout anew after each
signal never ends. Nothing but `_thread` in the scripts, so that stock can be seen to fail.
"""

import re
import socket

from variant.harness import alone, least_late

TIMEOUT = 0.2

# How much later than alone any call may be, and how early by the rounding of clocks; seconds. The
# kernel counts the timeouts of sockets in ticks, which makes them up to 20 ms late by itself.
LATE = 0.020
EARLY = 0.002

# Each call alone, then beside three threads that collect. Prints how long it took, in
# microseconds, what it raised, and whether there were collections meanwhile.
BESIDE_COLLECTORS = """
import _thread, gc, select, socket, time
TIMEOUT = %g
SILENT, FULL = %d, %d
collections = 0

def collect():
    global collections
    while True:
        gc.collect()
        collections += 1
        time.sleep(0.02)

def address(port):
    return socket.getaddrinfo("127.0.0.1", port)[0][-1]

def new(timeout=TIMEOUT):
    s = socket.socket()
    s.settimeout(timeout)
    return s

silent = new()
silent.connect(address(SILENT))
listener = new()
listener.bind(address(0))
listener.listen(1)
poller = select.poll()
poller.register(silent, select.POLLIN)

def measure(name, call, *args):
    before = collections
    start = time.ticks_us()
    try:
        call(*args)
        result = "returned"
    except OSError as e:
        result = e.errno
    took = time.ticks_diff(time.ticks_us(), start)
    print(name, took, result, collections - before > 10)

def measure_all():
    measure("sleep", time.sleep, TIMEOUT)
    measure("sleep_ms", time.sleep_ms, round(TIMEOUT * 1000))
    measure("sleep_us", time.sleep_us, round(TIMEOUT * 1000000))
    measure("poll", poller.poll, round(TIMEOUT * 1000))
    measure("recv", silent.recv, 1)
    measure("read", silent.read, 1)
    measure("accept", listener.accept)
    measure("connect", new().connect, address(FULL))
    silent.setblocking(False)
    try:
        while True:
            silent.send(bytes(4096))
    except OSError:
        silent.settimeout(TIMEOUT)
    measure("send", silent.send, b"x")

measure_all()
for _ in range(3):
    _thread.start_new_thread(collect, ())
measure_all()
"""

# What the calls do when their time is over, as numbers of Linux: EAGAIN or ETIMEDOUT.
RESULTS = [
    ("sleep", "returned"),
    ("sleep_ms", "returned"),
    ("sleep_us", "returned"),
    ("poll", "returned"),
    ("recv", "11"),
    ("read", "110"),
    ("accept", "110"),
    ("connect", "110"),
    ("send", "11"),
]


@alone
def test_beside_collectors(t):
    with socket.socket() as silent, socket.socket() as full, socket.socket() as first:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        # With one connection that nobody accepts its queue is full: who comes next waits.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())
        ports = silent.getsockname()[1], full.getsockname()[1]
        script = BESIDE_COLLECTORS % ((TIMEOUT,) + ports)

        def attempt():
            p = t.run(script)
            found = re.findall(r"(\w+) (\d+) (\w+) (\w+)\n", p.stdout)
            p.check_equal("calls", 2 * RESULTS, [(name, result) for name, _, result, _ in found])
            took = [int(us) / 1e6 for _, us, _, _ in found]
            alone, beside = took[: len(RESULTS)], took[len(RESULTS) :]
            collected = [word for _, _, _, word in found[len(RESULTS) :]]
            p.check_equal("collections meanwhile", ["True"] * len(RESULTS), collected)
            for (name, _), seconds in zip(RESULTS, beside):
                if seconds < TIMEOUT - EARLY:
                    p.fail("%s: expected %g s, ended after %.4f s" % (name, TIMEOUT, seconds))
            return max(b - max(a, TIMEOUT) for a, b in zip(alone, beside))

        least_late(t, LATE, attempt, "the latest of %d calls" % len(RESULTS))
