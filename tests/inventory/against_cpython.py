"""Compares the table with the CPython that runs this: dir() and inspect.signature().

Prints for each name `KIND NAME<tab>` and `ok`, or what the table has wrong or lacks.
"""

import inspect
import sys

from probe import MAKE, MODULES, entries

VERSION = sys.version_info[:2]

# Signatures that differ from what the documentation promises.
OTHERWISE = {"threading.ExceptHookArgs": "(iterable=(), /)"}


def contents(module, name):
    """The public attributes of a class's objects; nothing for what is no class."""
    thing = getattr(module, name)
    if not isinstance(thing, type) and name not in ("Lock", "RLock"):
        return []
    if isinstance(thing, type) and issubclass(thing, BaseException):
        return []
    made = thing(*MAKE.get(name, ()))
    return [a for a in dir(made) if a[0] != "_" and a not in dir(tuple) and a[:2] != "n_"
            or a == "n_waiting"]


def public_names():
    for module in MODULES.values():
        for name in module.__all__ + [n for n in ("activeCount", "currentThread")
                                      if hasattr(module, n)]:
            yield module.__name__ + "." + name
            for attribute in contents(module, name):
                yield "{}.{}.{}".format(module.__name__, name, attribute)


def signature(entry):
    thing = getattr(MODULES[entry.path[0]], entry.path[1])
    if len(entry.path) == 3:
        thing = getattr(thing(*MAKE.get(entry.path[1], ())), entry.path[2])
    try:
        return str(inspect.signature(thing))
    except ValueError:
        return None  # an older CPython does not tell


def main(path):
    table = {e.name: e for e in entries(path) if e.since <= VERSION}  # the newest of a name
    known = {e.name for e in entries(path)}
    for name in public_names():
        if name not in known:
            print("name " + name + "\tis not in the table")
    for name, entry in table.items():
        if entry.kind == "call":
            got = signature(entry)
            want = OTHERWISE.get(name, "(" + entry.inside + ")")
            found = "ok" if got in (None, want) else "CPython has " + got
            print("signature " + name + "\t" + found)


if __name__ == "__main__":
    main(sys.argv[1])
