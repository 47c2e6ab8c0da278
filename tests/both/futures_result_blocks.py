# result() and exception() wait for another thread's set_result(), set_exception(), cancel().
import threading
import time
from concurrent.futures import CancelledError, Future, TimeoutError


def ask(method, results, timeout):
    try:
        results.append(method(timeout))
    except (CancelledError, ValueError) as e:
        results.append((type(e).__name__, str(e)))


def show(text, act):
    f = Future()
    results = []
    methods = (f.result, f.result, f.exception)
    threads = [threading.Thread(target=ask, args=(m, results, 30)) for m in methods]
    for t in threads:
        t.start()
    threads[0].join(0.02)
    print(text, results, end=" ")
    act(f)
    for t in threads:
        t.join()
    print(sorted(str(r) for r in results))


show("result:", lambda f: f.set_result(5))
show("exception:", lambda f: f.set_exception(ValueError("no")))
show("cancel:", lambda f: f.cancel())

for timeout in (0.05, 0, -1):
    start = time.time()
    try:
        Future().result(timeout)
    except TimeoutError as e:
        took = time.time() - start
        print(type(e).__name__, max(timeout, 0) - 0.002 <= took < 5)
