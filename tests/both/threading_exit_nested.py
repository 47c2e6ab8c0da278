# At the end threads that are started by threads meanwhile are waited for as well.
import threading


def work(depth):
    threading.main_thread().join()
    print("depth", depth, threading.main_thread().is_alive())
    if depth:
        threading.Thread(target=work, args=(depth - 1,), daemon=False).start()


threading.Thread(target=work, args=(3,)).start()
print("main ends", threading.main_thread().is_alive())
