# Threads are waited for by threading's own list: MicroPython does not count them.
import threading
import time


class wait_threads_exit:
    def __init__(self, timeout=30):
        self.timeout = timeout

    def __enter__(self):
        self.before = threading.active_count()

    def __exit__(self, *exception):
        deadline = time.monotonic() + self.timeout
        while threading.active_count() > self.before:
            assert time.monotonic() < deadline, threading.enumerate()
            time.sleep(0.01)


def threading_setup():
    return ()


def threading_cleanup():
    pass


def join_thread(thread, timeout=30):
    thread.join(timeout)
    assert not thread.is_alive()


class start_threads:
    def __init__(self, threads, unlock=None):
        self.threads = list(threads)
        self.unlock = unlock

    def __enter__(self):
        for t in self.threads:
            t.start()

    def __exit__(self, *exception):
        if self.unlock:
            self.unlock()
        for t in self.threads:
            join_thread(t)


class catch_threading_exception:
    def hook(self, args):
        self.exc_type, self.exc_value, self.exc_traceback, self.thread = args

    def __enter__(self):
        self.exc_type = self.exc_value = self.exc_traceback = self.thread = None
        self.old = threading.excepthook
        threading.excepthook = self.hook
        return self

    def __exit__(self, *exception):
        threading.excepthook = self.old


def reap_threads(function):
    return function


def requires_working_threading(module=False):
    return lambda thing: thing
