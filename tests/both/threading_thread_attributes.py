# Attributes of a thread object's own, set before and after the base's __init__ and on the fly.
import threading


class Worker(threading.Thread):
    kind = "class attribute"

    def __init__(self):
        self.before = 1
        super().__init__()
        self.after = 2
        self.result = None

    def run(self):
        self.result = self.before + self.after + self.later


worker = Worker()
worker.later = 3
worker.start()
worker.join()
print(worker.result, worker.kind, worker.before, worker.after, worker.later)
print(hasattr(worker, "missing"))
del worker.later
print(hasattr(worker, "later"))

thread = threading.Thread(target=lambda: setattr(threading.current_thread(), "note", "inside"))
thread.note = "outside"
thread.start()
thread.join()
print(thread.note)
threading.main_thread().note = "main"
print(threading.current_thread().note)

# As keys and in comparisons threads are themselves.
other = Worker()
table = {worker: "worker", other: "other"}
print(table[worker], table[other], worker == other, worker == worker, worker in [other])
