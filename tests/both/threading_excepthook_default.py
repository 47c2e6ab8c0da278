# The default hook writes name, traceback and exception to standard error.
# stderr
import threading


class Mine(threading.Thread):
    def run(self):
        raise RuntimeError("in a subclass")


def fail(error):
    raise error


def work(n):
    return 1 // n


for thread in (
    threading.Thread(target=fail, args=(ValueError("run failed"),)),
    threading.Thread(target=fail, args=(ValueError("run failed"),), name="named"),
    threading.Thread(target=fail, args=(TypeError("in a daemon"),), daemon=True),
    Mine(),
    threading.Thread(target=fail, args=(SystemExit(1),)),
    threading.Thread(target=work, args=(1,)),
):
    thread.start()
    thread.join()
    print("after", thread.name, thread.is_alive())
print(threading.active_count())
