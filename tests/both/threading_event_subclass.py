# A subclass of Event with an attribute and an overridden method.
import threading


class Signal(threading.Event):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.times = 0

    def set(self):
        self.times += 1
        super().set()


signal = Signal("go")
print(signal.name, signal.is_set(), signal.wait(0))
thread = threading.Thread(target=signal.set)
thread.start()
print(signal.wait(30), signal.times)
thread.join()
signal.clear()
print(signal.is_set(), isinstance(signal, threading.Event), type(signal).__name__)
