# Subclasses of local: super().__init__, methods, a failing __init__.
import threading


class Counter(threading.local):
    start = 10

    def __init__(self, step):
        super().__init__()
        self.step = step
        self.count = self.start

    def next(self):
        self.count += self.step
        return self.count


class Child(Counter):
    def __init__(self, step, name):
        super().__init__(step)
        self.name = name


class NoInit(threading.local):
    value = "default"


def elsewhere(f, *args):
    def call():
        try:
            results.append(f(*args))
        except Exception as e:
            results.append(type(e).__name__ + " " + str(e))

    results = []
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return results[0]


counter = Counter(2)
print(counter.next(), counter.next(), elsewhere(counter.next), counter.next())
child = Child(5, "child")
print(child.next(), child.name, elsewhere(lambda: (child.next(), child.name)))
plain = NoInit()
plain.value = "mine"
print(plain.value, elsewhere(lambda: plain.value), NoInit.value)


class OnlyOnce(threading.local):
    def __init__(self):
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("not here")
        self.x = 1


once = OnlyOnce()
print(once.x, elsewhere(lambda: once.x), once.x)
try:
    Child(1)
except TypeError:
    print("TypeError")
