# A subclass of local: __init__ runs once in each thread that touches the object.
import threading


class Session(threading.local):
    shared = "class attribute"

    def __init__(self, *args, **kwargs):
        calls.append((args, sorted(kwargs.items())))
        self.number = args[0]
        self.items = []

    def add(self, item):
        self.items.append(item)
        return len(self.items)


def work():
    before = len(calls)
    results.append((session.add("a"), session.add("b"), session.number, session.shared))
    results.append(len(calls) - before)
    session.number += 1
    results.append((session.number, session.items))


calls = []
session = Session(5, name="x")
print(calls)
session.number = 100
session.add("main")
for i in range(2):
    results = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    print(results)
print(calls)
print(session.number, session.items)

# A thread that only writes is initialised first, too.
thread = threading.Thread(target=lambda: setattr(session, "number", 7))
thread.start()
thread.join()
print(len(calls))

# And one that only hands the object on is not.
thread = threading.Thread(target=lambda s: None, args=(session,))
thread.start()
thread.join()
print(len(calls))
Session.shared = "changed"
print(session.shared, isinstance(session, threading.local), type(session).__name__)
