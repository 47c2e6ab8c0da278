import unittest


def import_module(name):
    try:
        return __import__(name)
    except ImportError:
        raise unittest.SkipTest("no module " + name)


# queue with the C accelerator, and without: CPython's own source beside ours.
def import_fresh_module(name, fresh=(), blocked=()):
    if blocked:
        return __import__("cpython_" + name)
    return __import__(name)
