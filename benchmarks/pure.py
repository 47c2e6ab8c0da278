# What waiting with a timeout costs in the edition in Python, and how late it is (docs/pure.md):
#
#     MICROPYPATH=lib build/host/micropython-stock-gil benchmarks/pure.py
#     build/host/micropython tests/pure.py lib benchmarks/pure.py

import gc
import threading
import time

WAITERS = 8
IDLE_S = 10
ROUNDS = 100


def cpu_seconds():
    with open("/proc/self/stat") as file:
        fields = file.read().split()
    return (int(fields[13]) + int(fields[14])) / 100


def show(what, us):
    us.sort()
    n = len(us)
    print("%s: median %.1f, 90 %% %.1f, most %.1f ms" % (
        what, us[n // 2] / 1000, us[n * 9 // 10] / 1000, us[-1] / 1000))


def idle():
    event = threading.Event()
    threads = [threading.Thread(target=event.wait, args=(60,)) for _ in range(WAITERS)]
    for t in threads:
        t.start()
    before = cpu_seconds()
    time.sleep(IDLE_S)
    used = (cpu_seconds() - before) / IDLE_S
    event.set()
    for t in threads:
        t.join()
    print("CPU of %d timed waiters: %.1f %%" % (WAITERS, used * 100))


def wake_up(timeout):
    late = []

    def work(event):
        event.wait(timeout)
        woken.append(time.ticks_us())

    for i in range(ROUNDS):
        event = threading.Event()
        woken = []
        t = threading.Thread(target=work, args=(event,))
        t.start()
        time.sleep(0.02 + i % 7 / 1000)
        start = time.ticks_us()
        event.set()
        t.join()
        late.append(time.ticks_diff(woken[0], start))
    show("wake-up, timeout %s" % timeout, late)


def overshoot():
    late = []
    event = threading.Event()
    for i in range(ROUNDS):
        timeout = 20000 + i * 100
        start = time.ticks_us()
        event.wait(timeout / 1000000)
        late.append(time.ticks_diff(time.ticks_us(), start) - timeout)
    show("overshoot", late)


idle()
wake_up(None)
wake_up(60)
overshoot()
