# Callbacks are called in order, once, by who finishes or cancels, or at once if that is over.
import threading
from concurrent.futures import Future, ThreadPoolExecutor

seen = []


def note(text):
    return lambda f: seen.append((text, f.done(), threading.current_thread().name))


f = Future()
print(f.add_done_callback(note("first")))
f.add_done_callback(note("second"))
f.add_done_callback(note("second"))
print(seen)
f.set_result(1)
f.add_done_callback(note("late"))
print(seen)

seen.clear()
f = Future()
f.add_done_callback(note("cancelled"))
f.cancel()
f.set_running_or_notify_cancel()
print(seen)

seen.clear()
go = threading.Event()
over = threading.Event()
with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
    f = pool.submit(go.wait)
    f.add_done_callback(note("in the worker"))
    f.add_done_callback(lambda f: f.add_done_callback(note("from a callback")))
    # A callback may use the pool; what it waits for runs in another thread.
    f.add_done_callback(lambda f: seen.append(pool.submit(pow, 3, 2)))
    f.add_done_callback(lambda f: over.set())
    go.set()
    over.wait()
print(seen[:-1], seen[-1].result())
