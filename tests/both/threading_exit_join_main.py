# A thread may join the main thread: join() returns when the main thread is done.
import threading


def work():
    threading.main_thread().join()
    print("main is done", threading.main_thread().is_alive())
    print(threading.main_thread() is threading.current_thread())


thread = threading.Thread(target=work)
thread.start()
thread.join(0.05)
print("main ends", thread.is_alive(), threading.main_thread().is_alive())
