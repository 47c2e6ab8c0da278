# A thread is started once only.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


runs = []
done = threading.Event()
thread = threading.Thread(target=lambda: (runs.append(1), done.wait()))
print(thread.start())
error(thread.start)
done.set()
thread.join()
error(thread.start)
print(runs, threading.active_count())
error(threading.main_thread().start)
error(threading.current_thread().start)


class Again(threading.Thread):
    def run(self):
        error(self.start)


thread = Again()
thread.start()
thread.join()
