# As much of unittest as CPython's tests of threads use. Each test runs in a process of its own:
#
#   run("test.test_queue")                          prints the names of the tests
#   run("test.test_queue", "QueueTest.test_basic")  runs one; prints `ok`, or `skipped` and why
import builtins
import re
import sys


# What the tests name and MicroPython does not have.
builtins.DeprecationWarning = Exception


class SkipTest(Exception):
    pass


def skip(reason):
    def decorate(thing):
        if isinstance(thing, type):
            thing.skipped = reason
            return thing

        def skipped(self, *args):
            raise SkipTest(reason)

        return skipped

    return decorate


def skipIf(condition, reason):
    return skip(reason) if condition else lambda thing: thing


def skipUnless(condition, reason):
    return skipIf(not condition, reason)


class Raises:
    def __init__(self, kinds, pattern=None):
        self.kinds = kinds
        self.pattern = pattern

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        assert kind is not None, "nothing raised"
        self.exception = value
        if not issubclass(kind, self.kinds):
            return False
        assert self.pattern is None or re.search(self.pattern, str(value)), repr(value)
        return True


class Nothing:
    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return False


class TestCase:
    skipped = None

    def setUp(self):
        pass

    def tearDown(self):
        pass

    def skipTest(self, reason):
        raise SkipTest(reason)

    def fail(self, text=None):
        raise AssertionError(text)

    def addCleanup(self, function, *args, **kwargs):
        cleanups.append((function, args, kwargs))

    def subTest(self, *args, **kwargs):
        return Nothing()

    def assertTrue(self, x, text=None):
        assert x, text or repr(x)

    def assertFalse(self, x, text=None):
        assert not x, text or repr(x)

    def assertEqual(self, a, b, text=None):
        assert a == b, text or "%r != %r" % (a, b)

    def assertNotEqual(self, a, b, text=None):
        assert a != b, text or "%r == %r" % (a, b)

    def assertCountEqual(self, a, b, text=None):
        rest = list(b)
        for x in a:
            assert x in rest, text or "%r != %r" % (a, b)
            rest.remove(x)
        assert not rest, text or "%r != %r" % (a, b)

    def assertIs(self, a, b, text=None):
        assert a is b, text or "%r is not %r" % (a, b)

    def assertIsNot(self, a, b, text=None):
        assert a is not b, text or "is %r" % (a,)

    def assertIsNone(self, x, text=None):
        assert x is None, text or repr(x)

    def assertIsNotNone(self, x, text=None):
        assert x is not None, text or "is None"

    def assertIn(self, a, b, text=None):
        assert a in b, text or "%r not in %r" % (a, b)

    def assertNotIn(self, a, b, text=None):
        assert a not in b, text or "%r in %r" % (a, b)

    def assertIsInstance(self, x, kind, text=None):
        assert isinstance(x, kind), text or repr(x)

    def assertGreater(self, a, b, text=None):
        assert a > b, text or "%r <= %r" % (a, b)

    def assertGreaterEqual(self, a, b, text=None):
        assert a >= b, text or "%r < %r" % (a, b)

    def assertLess(self, a, b, text=None):
        assert a < b, text or "%r >= %r" % (a, b)

    def assertLessEqual(self, a, b, text=None):
        assert a <= b, text or "%r > %r" % (a, b)

    def assertRegex(self, text, pattern, message=None):
        assert re.search(pattern, text), message or "%r in %r" % (pattern, text)

    def assertRaises(self, kinds, function=None, *args, **kwargs):
        if function is None:
            return Raises(kinds)
        with Raises(kinds):
            function(*args, **kwargs)

    def assertRaisesRegex(self, kinds, pattern, function=None, *args, **kwargs):
        if function is None:
            return Raises(kinds, pattern)
        with Raises(kinds, pattern):
            function(*args, **kwargs)

    # MicroPython has no warnings.
    def assertWarnsRegex(self, kind, pattern):
        return Nothing()


class mock:
    class patch:
        def object(*args, **kwargs):
            raise SkipTest("it replaces a part of CPython's own threading")


cleanups = []


def run(module, name=None):
    try:
        __import__(module)
        module = sys.modules[module]
        if name is None:
            list_tests(module)
        else:
            run_test(*[module] + name.split("."))
    except SkipTest as e:
        print("skipped", e)


def list_tests(module):
    for class_name in sorted(dir(module)):
        case = getattr(module, class_name)
        if isinstance(case, type) and issubclass(case, TestCase):
            for name in sorted(dir(case)):
                if name.startswith("test"):
                    print("%s.%s" % (class_name, name))


def run_test(module, class_name, name):
    case = getattr(module, class_name)
    if case.skipped:
        raise SkipTest(case.skipped)
    test = case()
    test.setUp()
    try:
        getattr(test, name)()
    finally:
        test.tearDown()
        while cleanups:
            function, args, kwargs = cleanups.pop()
            function(*args, **kwargs)
    print("ok")
