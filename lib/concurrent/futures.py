"""concurrent.futures: results of calls that threads make, and a pool of such threads.

    from concurrent.futures import ThreadPoolExecutor, as_completed

    with ThreadPoolExecutor(max_workers=4) as pool:
        futures = [pool.submit(read_sensor, n) for n in range(10)]
        for future in as_completed(futures, timeout=5):
            print(future.result())

CPython's module on threading and queue; there is no ProcessPoolExecutor. MicroPython knows no
weak references and does not close a generator that is given up, so
- a pool that is dropped without shutdown() keeps its threads until the program ends;
- who leaves the loop over map() early and does not want the rest closes its iterator.

This file is part of micropython-threading, MIT licence.
"""

import queue
import sys
import threading
from collections import namedtuple
from time import sleep

try:
    from sys import print_exception
    from time import ticks_diff, ticks_ms
except ImportError:  # CPython, where the tests compare this file with CPython's own
    import time

    def print_exception(error, file):
        sys.excepthook(type(error), error, error.__traceback__)

    def ticks_ms():
        return time.monotonic_ns() // 1000000

    def ticks_diff(end, start):
        return end - start


try:
    TimeoutError = TimeoutError
except NameError:

    class TimeoutError(OSError):
        pass


__all__ = (
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "ALL_COMPLETED",
    "CancelledError",
    "TimeoutError",
    "InvalidStateError",
    "BrokenExecutor",
    "Future",
    "Executor",
    "wait",
    "as_completed",
    "ThreadPoolExecutor",
)

FIRST_COMPLETED = "FIRST_COMPLETED"
FIRST_EXCEPTION = "FIRST_EXCEPTION"
ALL_COMPLETED = "ALL_COMPLETED"

# The states of a future. A cancelled one is settled for wait() and as_completed() only when the
# executor has met it: until then a thread could come and ask whether to run it.
PENDING = "PENDING"
RUNNING = "RUNNING"
CANCELLED = "CANCELLED"
CANCELLED_AND_NOTIFIED = "CANCELLED_AND_NOTIFIED"
FINISHED = "FINISHED"
_SETTLED = (CANCELLED_AND_NOTIFIED, FINISHED)
_CANCELLED = (CANCELLED, CANCELLED_AND_NOTIFIED)
_NOT_DONE = (PENDING, RUNNING)

# What CPython takes where it cannot count the processors.
_DEFAULT_WORKERS = 5

# Guards all futures, all executors and the names below. It is held for a few statements and never
# across a call of the user's; reentrant for whoever is interrupted by a scheduled function.
_lock = threading.RLock()
_executors = []  # those that have threads and were not shut down
_created = 0  # executors, for the names of their threads
_exiting = False


class CancelledError(Exception):
    pass


class InvalidStateError(Exception):
    pass


class BrokenExecutor(RuntimeError):
    pass


class BrokenThreadPool(BrokenExecutor):
    pass


def _log(text, error=None):
    # What CPython's logging does with an error that nobody has set it up for.
    print(text, file=sys.stderr)
    if error is not None:
        print_exception(error, sys.stderr)


class _Countdown:
    """The seconds that are left of a timeout, never below 0; None is for ever."""

    def __init__(self, timeout):
        self.left = timeout
        self.seen = ticks_ms()

    def __call__(self):
        if self.left is None:
            return None
        now = ticks_ms()
        self.left -= ticks_diff(now, self.seen) / 1000
        self.seen = now
        return max(self.left, 0)


class Future:
    def __init__(self):
        self._condition = threading.Condition(_lock)
        self._state = PENDING
        self._result = None
        self._exception = None
        # Tuples, as an empty one takes no memory.
        self._waiters = ()  # of as_completed()
        self._done_callbacks = ()

    def __repr__(self):
        outcome = ""
        if self._state == FINISHED and self._exception is not None:
            outcome = " raised " + type(self._exception).__name__
        elif self._state == FINISHED:
            outcome = " returned " + type(self._result).__name__
        state = CANCELLED if self.cancelled() else self._state
        return "<%s at %#x state=%s%s>" % (type(self).__name__, id(self), state.lower(), outcome)

    def cancelled(self):
        return self._state in _CANCELLED

    def running(self):
        return self._state == RUNNING

    def done(self):
        return self._state not in _NOT_DONE

    def cancel(self):
        with _lock:
            if self.done():
                return self.cancelled()
            if self._state == RUNNING:
                return False
            self._state = CANCELLED
            self._condition.notify_all()
        self._call_back()
        return True

    def result(self, timeout=None):
        error = self.exception(timeout)
        if error is not None:
            raise error
        return self._result

    def exception(self, timeout=None):
        with _lock:
            if not self._condition.wait_for(self.done, timeout):
                raise TimeoutError()
            if self.cancelled():
                raise CancelledError()
            return self._exception

    def add_done_callback(self, fn):
        with _lock:
            if not self.done():
                self._done_callbacks += (fn,)
                return
        self._call(fn)

    # The rest is for executors, and for tests. What a worker calls from here on takes no memory, as
    # who waits for the future would wait for ever if there was none.

    def set_running_or_notify_cancel(self):
        with _lock:
            if self._state == PENDING:
                self._state = RUNNING
                return True
            if self._state == CANCELLED:
                self._settle(CANCELLED_AND_NOTIFIED)
                return False
        _log("Future %s in unexpected state: %s" % (id(self), self._state))
        raise RuntimeError("Future in unexpected state")

    def set_result(self, result):
        self._finish(result, None)

    def set_exception(self, exception):
        self._finish(None, exception)

    def _finish(self, result, exception):
        with _lock:
            if self.done():
                raise InvalidStateError("%s: %r" % (self._state, self))
            self._result = result
            self._exception = exception
            self._settle(FINISHED)
            self._condition.notify_all()
        self._call_back()

    # Under the lock.
    def _settle(self, state):
        self._state = state
        for waiter in self._waiters:
            waiter.put(self)
        self._waiters = ()

    def _call_back(self):
        callbacks = self._done_callbacks
        self._done_callbacks = ()
        for fn in callbacks:
            self._call(fn)

    def _call(self, fn):
        try:
            fn(self)
        except Exception as e:
            try:
                _log("exception calling callback for %r" % self, e)
            except MemoryError:
                pass


class _Waiter:
    """Futures in the order in which they are settled, with room for all from the beginning."""

    def __init__(self, total):
        self.condition = threading.Condition(_lock)
        self.futures = [None] * total
        self.n = 0

    # Under the lock.
    def put(self, future):
        self.futures[self.n] = future
        self.n += 1
        self.condition.notify()

    def get(self, i, timeout):
        with _lock:
            if self.condition.wait_for(lambda: self.n > i, timeout):
                return self.futures[i]


def as_completed(fs, timeout=None):
    countdown = _Countdown(timeout)
    fs = set(fs)
    total = len(fs)
    settled = _Waiter(total)
    with _lock:
        for future in fs:
            if future._state in _SETTLED:
                settled.put(future)
            else:
                future._waiters += (settled,)
    try:
        for i in range(total):
            future = settled.get(i, countdown())
            if future is None:
                raise TimeoutError("%d (of %d) futures unfinished" % (len(fs), total))
            fs.remove(future)
            yield future
    finally:
        with _lock:
            for future in fs:
                future._waiters = tuple(w for w in future._waiters if w is not settled)


DoneAndNotDoneFutures = namedtuple("DoneAndNotDoneFutures", ("done", "not_done"))


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    fs = set(fs)
    if return_when not in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
        # CPython looks at it only when it has to wait.
        if not all(future._state in _SETTLED for future in fs):
            raise ValueError("Invalid return condition: %r" % return_when)
    settled = as_completed(fs, timeout)
    try:
        for future in settled:
            if return_when == FIRST_COMPLETED:
                break
            if return_when == FIRST_EXCEPTION and future._exception is not None:
                break
    except TimeoutError:
        pass
    settled.close()
    done = set(future for future in fs if future._state in _SETTLED)
    return DoneAndNotDoneFutures(done, fs - done)


class Executor:
    # The names leave all others to fn, as MicroPython has no positional-only parameters.
    def submit(_self, _fn, *args, **kwargs):
        raise NotImplementedError()

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        if buffersize is not None:
            if not isinstance(buffersize, int):
                raise TypeError("buffersize must be an integer or None")
            if buffersize < 1:
                raise ValueError("buffersize must be None or > 0")
        countdown = _Countdown(timeout)
        arguments = zip(*iterables)
        futures = []  # the next result's last
        for args in arguments:
            futures.append(self.submit(fn, *args))
            if len(futures) == buffersize:
                break
        futures.reverse()
        return self._results(fn, arguments if buffersize else (), futures, countdown)

    def _results(self, fn, arguments, futures, countdown):
        arguments = iter(arguments)
        try:
            while futures:
                for args in arguments:
                    futures.insert(0, self.submit(fn, *args))
                    break
                result = futures[-1].result(countdown())
                futures.pop()
                yield result
        finally:
            for future in reversed(futures):
                future.cancel()

    def shutdown(self, wait=True, *, cancel_futures=False):
        pass

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        self.shutdown(wait=True)
        return False


class _Worker(threading.Thread):
    # A target would be called by way of memory, and the thread end if there is none.
    def __init__(self, pool, name):
        super().__init__(name=name, daemon=False)
        self._pool = pool

    def run(self):
        self._pool._run()


class ThreadPoolExecutor(Executor):
    BROKEN = BrokenThreadPool

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        global _created
        if max_workers is None:
            max_workers = _DEFAULT_WORKERS
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._max_workers = max_workers
        self._initializer = initializer
        self._initargs = initargs
        self._work_queue = queue.SimpleQueue()
        self._wake = threading.Condition(_lock)
        self._idle = 0  # threads that wait for _wake, or are about to return from it
        self._threads = []
        self._broken = False
        self._shutdown = False
        if not thread_name_prefix:
            with _lock:
                thread_name_prefix = "ThreadPoolExecutor-%d" % _created
                _created += 1
        self._thread_name_prefix = thread_name_prefix

    def submit(_self, _fn, *args, **kwargs):
        with _lock:
            if _self._broken:
                raise _self.BROKEN(_self._broken)
            if _self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if _exiting:
                raise RuntimeError("cannot schedule new futures after interpreter shutdown")
            future = Future()
            # Each call that waits has an idle thread or a new one, as long as more are allowed.
            if _self._work_queue.qsize() >= _self._idle:
                _self._add_thread()
            _self._work_queue.put((future, _fn, args, kwargs))
            _self._wake.notify()
        return future

    # Under the lock. A start that fails leaves all as it was.
    def _add_thread(self):
        n = len(self._threads)
        if n < self._max_workers:
            thread = _Worker(self, "%s_%d" % (self._thread_name_prefix, n))
            if self not in _executors:
                _executors.append(self)
            self._threads.append(thread)
            try:
                thread.start()
            except BaseException:
                self._threads.pop()
                raise

    def _run(self):
        if self._initializer is not None:
            try:
                self._initializer(*self._initargs)
            except BaseException as e:
                _log("Exception in initializer:", e)
                self._break()
                return
        while True:
            try:
                if not self._run_one():
                    return
            except MemoryError:
                sleep(0.01)  # it had no call to make yet; the next memory may come from others
            except BaseException as e:
                _log("Exception in worker", e)
                return

    # A function of its own, so that an idle thread keeps nothing of its last call alive.
    def _run_one(self):
        with _lock:
            while not self._work_queue.qsize():
                if self._shutdown or _exiting:
                    return False
                self._idle += 1
                try:
                    self._wake.wait()
                finally:
                    self._idle -= 1
            future, fn, args, kwargs = self._work_queue.get()
        if future.set_running_or_notify_cancel():
            try:
                result = fn(*args, **kwargs)
            except BaseException as e:
                future.set_exception(e)
            else:
                future.set_result(result)
        return True

    def _break(self):
        with _lock:
            self._broken = (
                "A thread initializer failed, the thread pool is not usable anymore"
            )
            futures = self._drain()
        for future in futures:
            if future.set_running_or_notify_cancel():
                future.set_exception(self.BROKEN(self._broken))

    # Under the lock.
    def _drain(self):
        return [self._work_queue.get()[0] for _ in range(self._work_queue.qsize())]

    def shutdown(self, wait=True, *, cancel_futures=False):
        with _lock:
            self._shutdown = True
            if self in _executors:
                _executors.remove(self)
            futures = self._drain() if cancel_futures else ()
            self._wake.notify_all()
        for future in futures:
            future.cancel()
            # CPython leaves this out, and wait() for such a future never ends.
            future.set_running_or_notify_cancel()
        if wait:
            for thread in self._threads:
                thread.join()


def _exit():
    global _exiting
    with _lock:
        _exiting = True
        executors = list(_executors)
        for executor in executors:
            executor._wake.notify_all()
    for executor in executors:
        for thread in executor._threads:
            thread.join()


threading._register_atexit(_exit)
