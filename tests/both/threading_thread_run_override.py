# A subclass may override run(); start() calls it.
import threading


class Worker(threading.Thread):
    def run(self):
        log.append(("run", self is threading.current_thread(), self.name))


class Chatty(Worker):
    def run(self):
        log.append("before")
        super().run()
        log.append("after")


class WithTarget(threading.Thread):
    def run(self):
        log.append("prologue")
        threading.Thread.run(self)
        log.append("epilogue")


class Silent(threading.Thread):
    def start(self):
        log.append("start")
        super().start()


log = []
for thread in (
    Worker(name="worker"),
    Chatty(name="chatty"),
    WithTarget(target=lambda: log.append("target")),
    Silent(target=log.append, args=("target",)),
):
    thread.start()
    thread.join()
    print(type(thread).__name__, log)
    log = [] if not isinstance(thread, WithTarget) else log[:0]

# run replaced in the object.
thread = threading.Thread(target=lambda: log.append("target"))
thread.run = lambda: log.append("replaced")
log = []
thread.start()
thread.join()
print(log)
