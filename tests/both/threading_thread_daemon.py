# Thread.daemon, isDaemon, setDaemon; not to be changed once started.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


thread = threading.Thread(target=lambda: done.wait())
done = threading.Event()
print(thread.daemon, thread.isDaemon())
thread.daemon = True
print(thread.daemon, thread.isDaemon())
print(thread.setDaemon(False), thread.daemon)
setattr(thread, "daemon", True)
print(thread.daemon)
thread.start()


def set_daemon(value):
    thread.daemon = value


for value in (True, False):
    error(set_daemon, value)
    error(setattr, thread, "daemon", value)
    error(thread.setDaemon, value)
print(thread.daemon)
done.set()
thread.join()
error(set_daemon, False)
print(thread.daemon, thread.isDaemon())

for daemon in (True, False, None):
    thread = threading.Thread(daemon=daemon)
    print(daemon, thread.daemon)
    thread.start()
    thread.join()
    print(thread.daemon)
print(threading.main_thread().daemon)
thread = threading.main_thread()
error(set_daemon, True)
print(threading.Timer(1, print).daemon)
