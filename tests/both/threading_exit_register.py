# _register_atexit: called before the threads are joined, the last one first.
import threading

stop = threading.Event()


def at_exit(text, key=None):
    print("at exit:", text, key)
    stop.set()


def work():
    stop.wait()
    print("worker ends")


threading._register_atexit(at_exit, "first")
threading._register_atexit(lambda: print("at exit: second"))
threading._register_atexit(print, "third", "print", sep="-")
threading.Thread(target=work).start()
print("main ends")
