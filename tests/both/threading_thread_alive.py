# is_alive() in each state, also of a thread that failed, and from the thread itself.
import threading

done = threading.Event()
threading.excepthook = lambda args: None


def work():
    seen.append(threading.current_thread().is_alive())
    done.wait()


def fail():
    done.wait()
    raise ValueError


def leave():
    done.wait()
    raise SystemExit


for target in (work, fail, leave):
    seen = []
    done.clear()
    thread = threading.Thread(target=target)
    print(thread.is_alive(), thread in threading.enumerate())
    thread.start()
    print(thread.is_alive(), thread in threading.enumerate())
    done.set()
    thread.join()
    print(thread.is_alive(), thread in threading.enumerate(), seen)
print(threading.main_thread().is_alive())
print(threading.active_count(), threading.enumerate() == [threading.main_thread()])

# Without a join.
thread = threading.Thread()
thread.start()
while thread.is_alive():
    pass
print(thread.is_alive(), threading.active_count())
