# What CPython's tests take from test.support.
import gc
import sys
import unittest

SHORT_TIMEOUT = 30.0
LONG_TIMEOUT = 300.0
verbose = False
has_fork_support = False


def gc_collect():
    gc.collect()


def reap_children():
    pass


def cpython_only(thing):
    return thing


def requires_fork():
    return unittest.skip("MicroPython's os has no fork()")


def requires_subprocess():
    return unittest.skip("MicroPython has no subprocess")


def check_disallow_instantiation(test, kind, *args):
    test.assertRaises(TypeError, kind, *args)


def captured_output(name):
    raise unittest.SkipTest("MicroPython's sys.%s cannot be assigned" % name)


def captured_stderr():
    return captured_output("stderr")


class swap_attr:
    def __init__(self, thing, name, value):
        self.thing, self.name, self.value = thing, name, value

    def __enter__(self):
        self.old = getattr(self.thing, self.name)
        setattr(self.thing, self.name, self.value)

    def __exit__(self, *exception):
        setattr(self.thing, self.name, self.old)


class SuppressCrashReport(unittest.Nothing):
    pass


def no_tracing(function):
    return function


def bigmemtest(*args, **kwargs):
    return lambda function: function
