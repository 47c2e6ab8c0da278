# wait(): what it returns for each condition, with futures in all states.
import threading
import time
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, Future, wait

names = {}


def new(name, state="pending"):
    f = Future()
    names[f] = name
    if state == "running":
        f.set_running_or_notify_cancel()
    elif state == "cancelled":
        f.cancel()
    elif state == "notified":
        f.cancel()
        f.set_running_or_notify_cancel()
    elif state == "result":
        f.set_result(1)
    elif state == "exception":
        f.set_exception(ValueError("no"))
    return f


def show(text, got):
    print(text, *[sorted(names[f] for f in fs) for fs in (got.done, got.not_done)])


def during(act, *args, **kwargs):
    """wait() in a thread; what it has returned before act() and after."""
    got = []
    t = threading.Thread(target=lambda: got.append(wait(*args, **kwargs)))
    t.start()
    t.join(0.02)
    print(len(got), end=" ")
    act()
    t.join()
    return got[0]


states = ("pending", "running", "cancelled", "notified", "result", "exception")
every = [new(s, s) for s in states]
for condition in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
    show(condition, wait(every, 0 if condition == ALL_COMPLETED else None, condition))
show("nothing:", wait([]))
show("all are done:", wait(every[3:] + every[3:], return_when="whatever"))
for condition in ("whatever", None):
    try:
        wait(every, return_when=condition)
    except ValueError as e:
        print(type(e).__name__, e)

a, b = new("a"), new("b")
show("first:", during(lambda: b.set_result(1), [a, b], None, FIRST_COMPLETED))
a, b = new("a", "cancelled"), new("b")
notify = a.set_running_or_notify_cancel
show("first, cancelled:", during(notify, [b, a], return_when=FIRST_COMPLETED))
a, b, c = new("a"), new("b"), new("c", "result")
show("exception:", during(lambda: a.set_exception(KeyError(1)), [a, b, c], 30, FIRST_EXCEPTION))
a, b = new("a"), new("b")
both = lambda: (a.set_result(1), b.set_result(2))
show("no exception:", during(both, (a, b), 30, FIRST_EXCEPTION))
a, b = new("a"), new("b")
show("all:", during(lambda: (a.set_result(1), b.set_exception(KeyError(1))), {a, b}))

for timeout in (0.05, 0, -1):
    start = time.time()
    got = wait([new("x"), new("y", "result")], timeout=timeout)
    print(max(timeout, 0) - 0.002 <= time.time() - start < 5, end=" ")
    show("timeout:", got)
print(type(got).__name__, len(got), got[0] is got.done, got[1] is got.not_done)
