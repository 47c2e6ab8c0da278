# set_running_or_notify_cancel() in a state where no executor calls it.
# stderr
from concurrent.futures import Future

finished = Future()
finished.set_result(1)
running = Future()
running.set_running_or_notify_cancel()
notified = Future()
notified.cancel()
notified.set_running_or_notify_cancel()
for f in (finished, running, notified):
    try:
        f.set_running_or_notify_cancel()
    except RuntimeError as e:
        print(type(e).__name__, e)
