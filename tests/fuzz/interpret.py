# Runs programs of one statement a line on CPython or MicroPython and prints what came of each:
# tests/run_fuzz.py compares. A line with --- ends a program; what follows has nothing of it.
import gc
import queue
import sys
import threading


class Raises:
    # Raises in whatever it is asked. TypeError: MicroPython does not try the other operand's methods.
    def fail(self, *args):
        raise TypeError

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __call__ = __len__ = fail
    __hash__ = __iter__ = __next__ = __getitem__ = __add__ = __sub__ = __enter__ = fail


class Calls:
    # Calls something each time when it is asked, and answers as a number would.
    def __init__(self, value, call):
        self.value = value
        self.call = call

    def act(self):
        try:
            eval(self.call, names)
        except (ValueError, TypeError, IndexError, NameError, AttributeError, RuntimeError,
                queue.Empty, queue.Full):
            pass

    def __lt__(self, other):
        self.act()
        return self.value < (other.value if isinstance(other, Calls) else other)

    def __eq__(self, other):
        self.act()
        return self is other

    def __bool__(self):
        self.act()
        return self.value > 0

    def __call__(self, *args, **kwargs):
        self.act()
        return self.value

    def __hash__(self):
        return self.value


class Hooked(queue.Queue):
    def _init(self, maxsize):
        self.items = []

    def _qsize(self):
        return len(self.items)

    def _put(self, item):
        self.items.append(item)

    def _get(self):
        return self.items.pop()


class Counted(queue.Queue):
    # Overrides what others call, and calls what it overrides.
    def put(self, item, block=True, timeout=None):
        self.puts = getattr(self, "puts", 0) + 1
        super().put(item, block, timeout)

    def _get(self):
        return super()._get()


class Own(threading.local):
    size = 5

    def __init__(self, *args, **kwargs):
        self.args = list(args)


class Worker(threading.Thread):
    def __init__(self, call, **kwargs):
        super().__init__(**kwargs)
        self.call = call
        self.result = "nothing"

    def run(self):
        self.result = attempt(self.call)


class Lazy(threading.Thread):
    def __init__(self):
        pass


class Idle(queue.Queue):
    def __init__(self):
        pass


def run(thread):
    thread.start()
    thread.join()
    return getattr(thread, "result", thread.is_alive())


NAMED = (
    (Raises, "Raises"), (Calls, "Calls"), (threading.Event, "Event"), (queue.Queue, "Queue"),
    (queue.SimpleQueue, "SimpleQueue"), (threading.Thread, "Thread"),
    (threading.Condition, "Condition"), (threading.Semaphore, "Semaphore"),
    (threading.Barrier, "Barrier"), (threading.local, "local"),
)


def show(value):
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([show(item) for item in value]) + "]"
    for cls, name in NAMED:
        if isinstance(value, cls):
            return name
    if "deque" in str(type(value)):
        return show(list(value))
    return "float" if isinstance(value, float) else "other"


def attempt(text):
    try:
        if " = " in text:
            name, text = text.split(" = ", 1)
            value = eval(text, names)
            if "." in name:
                name, attr = name.split(".")
                setattr(names[name], attr, value)
                return "set"
            names[name] = value
            return show(value)
        return show(eval(text, names))
    except Exception as e:
        return type(e).__name__


FIXED = {
    "queue": queue, "threading": threading, "Raises": Raises, "Calls": Calls, "Hooked": Hooked,
    "Counted": Counted, "Own": Own, "Worker": Worker, "Lazy": Lazy, "Idle": Idle, "run": run,
    "nan": float("nan"), "inf": float("inf"), "attempt": attempt,
}
names = {}
names.update(FIXED)


def main():
    threading.excepthook = lambda args: None
    collect = sys.implementation.name == "micropython"
    number = 0
    with open(sys.argv[1]) as f:
        for line in f:
            text = line.rstrip("\n")
            if text == "---":
                names.clear()
                names.update(FIXED)
                number += 1
                if collect and number % 16 == 0:
                    gc.collect()
            print(attempt(text) if text != "---" else text)


main()
