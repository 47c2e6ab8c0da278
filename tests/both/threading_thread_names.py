# Default names: Thread-N, or Thread-N (target); N counts automatic names only.
import threading


def work():
    pass


class Callable:
    def __call__(self):
        pass

    def method(self):
        pass


Thread = threading.Thread
print(Thread().name)
print(Thread(name="given").name)
print(Thread(target=work).name)
print(Thread(target=lambda: 0).name)
print(Thread(target=Callable()).name)
print(Thread(target=Callable().method).name)
print(Thread(name="").name)
print(Thread(name=None).name)
print(Thread(name="", target=work).name)
print(Thread(target=None).name)
print(Thread(name=5).name, type(Thread(name=5).name).__name__)
print(Thread(name=0).name)
print(Thread(None, None, "third").name)
print(Thread(None, work, None).name)
print(Thread(target=Callable).name)
print(threading.main_thread().name, threading.current_thread().name)


class Mine(threading.Thread):
    pass


print(Mine().name, threading.Timer(1, work).name)
thread = Thread(target=lambda: print(threading.current_thread().name))
thread.start()
thread.join()
