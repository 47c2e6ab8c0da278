# Uses every name of the table on the interpreter that runs this, and prints for each what it
# found: `NAME<tab>` and either what was wrong or what the calls returned. See run_inventory.py.
import queue
import sys
import threading

MODULES = {"threading": threading, "queue": queue}


def nothing(*args, **kwargs):
    return None


def true():
    return True


# Objects for parameters without a default.
SAMPLES = {
    "args": lambda: threading.ExceptHookArgs((SystemExit, SystemExit(), None, None)),
    "daemonic": lambda: True,
    "func": lambda: nothing,
    "function": lambda: nothing,
    "interval": lambda: 0,
    "item": lambda: 1,
    "iterable": lambda: (ValueError, None, None, None),
    "maxsize": lambda: 0,
    "name": lambda: "name",
    "parties": lambda: 1,
    "predicate": lambda: true,
    "state": lambda: (1, threading.get_ident()),
}


def taken(lock):
    lock.acquire()


def notify(condition):
    with condition:
        condition.notify()


def notified(condition):
    condition.acquire()
    # Has the lock when wait() has given it up; never, if the call is refused.
    threading.Thread(target=notify, args=(condition,), daemon=True).start()


def with_item(q):
    q.put(1)


def ended(thread):
    thread.start()
    thread.join()


# What is done to a fresh object first, so that the call returns at once.
BEFORE = {
    "Lock.release": taken,
    "Lock.release_lock": taken,
    "RLock.release": taken,
    "RLock._release_save": taken,
    "Condition.release": taken,
    "Condition._release_save": taken,
    "Condition.wait": notified,
    "Condition.wait_for": taken,
    "Condition.notify": taken,
    "Condition.notify_all": taken,
    "Condition.notifyAll": taken,
    "Event.wait": lambda event: event.set(),
    "Semaphore.release": taken,
    "BoundedSemaphore.release": taken,
    "Thread.join": ended,
    "Timer.join": ended,
    "Queue.get": with_item,
    "Queue.get_nowait": with_item,
    "Queue.task_done": with_item,
    "Queue._get": with_item,
    "SimpleQueue.get": with_item,
    "SimpleQueue.get_nowait": with_item,
}
for kind in ("LifoQueue", "PriorityQueue"):
    for method in ("get", "get_nowait", "task_done", "_get"):
        BEFORE[kind + "." + method] = with_item

# The arguments that make an object.
MAKE = {
    "Timer": (0, nothing),
    "Barrier": (1,),
    "ExceptHookArgs": ((ValueError, None, None, None),),
}


class Parameters:
    """What stands between the parentheses: [(name, default)], with `...` for no default."""

    def __init__(self, text):
        self.positional = []
        self.keyword_only = []
        self.by_name = True  # positional ones may be given by keyword
        self.any_number = self.any_keyword = False
        into = self.positional
        for word in text.split(", "):
            if word == "/":
                self.by_name = False
            elif word == "*":
                into = self.keyword_only
            elif word.startswith("**"):
                self.any_keyword = True
            elif word.startswith("*"):
                self.any_number = True
            elif word:
                name, _, default = word.partition("=")
                into.append((name, eval(default) if default else ...))

    def required(self):
        return len([name for name, default in self.positional if default is ...])


def value(parameter):
    name, default = parameter
    return SAMPLES[name]() if default is ... else default


def shown(result):
    if result is None or isinstance(result, (bool, int, str)):
        return repr(result)
    return type(result).__name__


class Entry:
    def __init__(self, line):
        words = line.split(None, 1)
        self.since = (3, 0)
        if words[0][0] == "3":
            self.since = tuple(int(n) for n in words[0].split("."))
            words = words[1].split(None, 1)
        self.kind = words[0]
        self.name, _, inside = words[1].strip().partition("(")
        self.inside = inside[:-1]
        self.path = self.name.split(".")

    def of(self, owner, name):
        """The same entry for a class that inherits it."""
        other = Entry("call x()")
        other.since, other.kind, other.inside = self.since, self.kind, self.inside
        other.name = owner + "." + name
        other.path = other.name.split(".")
        return other


def make(entry):
    """A fresh object of the entry's class, made ready for its call."""
    cls = getattr(MODULES[entry.path[0]], entry.path[1])
    obj = cls(*MAKE.get(entry.path[1], ()))
    BEFORE.get(".".join(entry.path[1:]), nothing)(obj)
    return obj


def target(entry):
    if len(entry.path) == 2:
        return getattr(MODULES[entry.path[0]], entry.path[1])
    return getattr(make(entry), entry.path[2])


def refuses(entry, what, args, kwargs):
    try:
        target(entry)(*args, **kwargs)
    except TypeError:
        return
    raise AssertionError("accepts " + what)


def accepted(entry, what, args, kwargs):
    function = target(entry)
    try:
        return shown(function(*args, **kwargs))
    except Exception as e:
        raise AssertionError("{}: {} {}".format(what, type(e).__name__, e))


def call(entry):
    """Every form of the call: returns what they returned, which is the same for all."""
    p = Parameters(entry.inside)
    values = [value(parameter) for parameter in p.positional]
    names = [name for name, _ in p.positional]
    rest = dict((parameter[0], value(parameter)) for parameter in p.keyword_only)
    results = []
    for n in range(p.required(), len(values) + 1):
        results.append(accepted(entry, "{} positional".format(n), values[:n], {}))
    results.append(accepted(entry, "keyword-only", values, rest))
    for n in range(len(values) if p.by_name and not p.any_number else 0):
        kwargs = dict(zip(names[n:], values[n:]))
        results.append(accepted(entry, "keywords from " + names[n], values[:n], kwargs))
        refuses(entry, names[0] + " twice", values[: n + 1], {names[0]: values[0]})
    if not p.any_number:
        refuses(entry, "too many arguments", values + [None], {})
    if not p.any_keyword:
        refuses(entry, "an unknown keyword", values, {"unknown": None})
    for n in range(p.required()):
        refuses(entry, "{} arguments".format(n), values[:n], {})
    if entry.path[-1] in VARYING:
        return "..."
    if len(set(results)) != 1:
        raise AssertionError("forms differ: {}".format(results))
    return results[0]


# What they return is different each time; the class of local has another name inside CPython.
VARYING = ("get_ident", "get_native_id", "getName", "local")


def inherit(entry):
    cls = getattr(MODULES[entry.path[0]], entry.path[1])
    base = getattr(MODULES[entry.inside.split(".")[0]], entry.inside.split(".")[1])
    assert issubclass(cls, base), "is no subclass"
    return "subclass"


def error(entry):
    cls = getattr(MODULES[entry.path[0]], entry.path[1])
    assert issubclass(cls, eval(entry.inside)), "is no " + entry.inside
    return cls.__name__


def attr(entry):
    return shown(getattr(make(entry), entry.path[2])) if entry.path[2] != "name" else "..."


def read(entry):
    obj = make(entry)
    result = shown(getattr(obj, entry.path[2]))
    try:
        setattr(obj, entry.path[2], 1)
    except AttributeError:
        return result
    raise AssertionError("can be set")


def write(entry):
    obj = make(entry)
    new = getattr(obj, entry.path[2])
    setattr(obj, entry.path[2], new)
    got = getattr(obj, entry.path[2])
    assert shown(got) == shown(new), "was set to {!r} and is {!r}".format(new, got)
    return attr(entry)


def with_statement(entry):
    with make(entry) as result:
        return shown(result)


def value_of(entry):
    return type(target(entry)).__name__


KINDS = {
    "call": call, "base": inherit, "error": error, "attr": attr, "read": read, "write": write,
    "with": with_statement, "value": value_of,
}


def entries(path):
    """The table's entries, also those that classes inherit from others."""
    with open(path) as f:
        lines = [line.strip() for line in f]
    own = [Entry(line) for line in lines if line and line[0] != "#"]
    result = list(own)
    names = [e.name for e in own]
    for derived in own:
        for e in own if derived.kind == "base" else ():
            if len(e.path) == 3 and e.name.startswith(derived.inside + "."):
                other = e.of(derived.name, e.path[2])
                # Objects of these two stand for threads that run already.
                if other.name not in names and "._" not in derived.name:
                    result.append(other)
    return result


def main(path, version):
    for entry in entries(path):
        if entry.since > version:
            continue
        try:
            found = "ok " + KINDS[entry.kind](entry)
        except Exception as e:
            found = "lacks: {} {}".format(type(e).__name__, e)
        print(entry.kind, entry.name + "\t" + found)


if __name__ == "__main__":
    main(sys.argv[1], tuple(int(n) for n in sys.argv[2].split(".")))
