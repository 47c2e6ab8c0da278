# Subclasses with an __init__ of their own, calling the base's in each way.
import threading


class Unbound(threading.Thread):
    def __init__(self, value):
        threading.Thread.__init__(self, name="unbound")
        self.value = value

    def run(self):
        results.append(self.value)


class Super(threading.Thread):
    def __init__(self, value, **kwargs):
        super().__init__(name="super", **kwargs)
        self.value = value

    def run(self):
        results.append(self.value)


class Target(threading.Thread):
    def __init__(self, value):
        self.value = value
        threading.Thread.__init__(self, target=self.work, args=(1,))
        self.daemon = True

    def work(self, extra):
        results.append((self.value, extra))


class Third(Super):
    def __init__(self):
        super().__init__(3, daemon=True)


class NoInit(threading.Thread):
    def run(self):
        results.append(self.name)


results = []
for thread in (Unbound(1), Super(2), Target(4), Third(), NoInit(name="no init")):
    thread.start()
    thread.join()
    print(type(thread).__name__, thread.name, thread.daemon, results)
    results = []
    print(repr(thread).startswith("<" + type(thread).__name__ + "(" + thread.name))
