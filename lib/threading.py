# CPython's threading for interpreters that cannot be rebuilt: on _thread and time alone.
# docs/pure.md says what differs from the edition in C.
#
# Everything stands on one guard and one kind of waiter. Every list, dict and counter that threads
# share changes only while _guard is held, in a few instructions that call no code of the
# program's. Who has to wait puts a _Waiter at the end of the object's line, leaves the guard and
# sleeps in _sleep(). Who wakes it takes it off the line: whoever is off was woken, whatever else
# happens at the same moment.
#
# This file is part of micropython-threading, MIT licence.

import _thread
import sys
import time
from collections import namedtuple
from micropython import const

# _thread's lock has no timeout. Of all the threads that wait with one, one sleeps with the clock
# for all, the leader, and wakes the others when their time is over. Its steps grow from 1 ms to
# this many milliseconds: it sees its own event that much late, and a timeout that another thread
# brings meanwhile. Longer steps wake up later, shorter ones cost an idle program more.
_STEP_MS = const(4)

# CPython's least stack size: 32 KiB.
_MIN_STACK_SIZE = const(32768)

# States of a thread; of one whose __init__() was not called it is 0.
_INITIAL = const(1)
_STARTED = const(2)
_STOPPED = const(3)

try:
    TIMEOUT_MAX = float("9223372036")
except NameError:
    # Without floats: as many seconds as there are milliseconds in 30 bits.
    TIMEOUT_MAX = 1073741

ThreadError = RuntimeError
get_ident = _thread.get_ident
get_native_id = get_ident  # _thread has no other

_guard = _thread.allocate_lock()


class BrokenBarrierError(RuntimeError):
    pass


# ----------------------------------------------------------------------------------------------
# Waiting


def _patience(timeout):
    # A timeout in the form that _sleep() takes: milliseconds, rounded up; None: for ever.
    if timeout is None:
        return None
    if timeout != timeout:
        raise ValueError("Invalid value NaN (not a number)")
    if not -TIMEOUT_MAX <= timeout <= TIMEOUT_MAX:
        raise OverflowError("timestamp out of range for C PyTime_t")
    ms = int(timeout * 1000)
    return max(ms + (ms < timeout * 1000), 0)


class _Waiter:
    # In a line from the start. Made under the guard.
    def __init__(self, line):
        self.line = line  # None: it was woken
        self.left = 0  # milliseconds; only of those in _timed
        self.lock = _thread.allocate_lock()  # held but when it shall look what is the matter
        self.lock.acquire()
        line.append(self)

    # Under the guard: what there is to see is there already.
    def kick(self):
        if self.lock.locked():
            self.lock.release()


# A step of so many milliseconds. On the unix port sleep_ms() wakes up every millisecond, sleep()
# does not; its floats are made once, so that waiting leaves no garbage.
try:
    _seconds = [n / 1000 for n in range(_STEP_MS + 1)]

    def _nap(ms):
        time.sleep(_seconds[ms])

except TypeError:
    _nap = time.sleep_ms

_timed = []  # the waiters with a timeout, in the order they came
_leader = None  # one of them, if there are any
_last = 0  # the clock when the time was last taken off what they have left


def _wake(line, n=1):
    # Wakes the first n. Under the guard.
    while n > 0 and line:
        waiter = line.pop(0)
        waiter.line = None
        waiter.kick()
        n -= 1


def _tick():
    # Takes the time that has passed off what each has left; returns the least. Under the guard.
    global _last
    now = time.ticks_ms()
    passed = time.ticks_diff(now, _last)
    _last = now
    least = _STEP_MS
    for waiter in _timed:
        waiter.left -= passed
        if waiter.left <= 0:
            waiter.kick()
        elif waiter.left < least:
            least = waiter.left
    return least


def _sleep(waiter, left):
    # Until the waiter is woken: True; or for `left` milliseconds, when not None: False. Whatever
    # happens it is off its line then; waiter.line still tells whether it was woken.
    global _leader
    try:
        if left is None:
            waiter.lock.acquire()
        elif left > 0:
            with _guard:
                _tick()
                # One more, for the clock is somewhere between two ticks.
                waiter.left = left + 1
                _timed.append(waiter)
                if _leader is None:
                    _leader = waiter
            step = 1
            while waiter.line is not None and waiter.left > 0:
                if _leader is waiter:
                    _nap(step)
                    with _guard:
                        step = min(step * 2, _tick())
                else:
                    waiter.lock.acquire()
    finally:
        with _guard:
            if waiter in _timed:
                _timed.remove(waiter)
                if _leader is waiter:
                    _leader = None
                    if _timed:
                        _leader = _timed[0]
                        _leader.kick()
            if waiter.line is not None:
                waiter.line.remove(waiter)
    return waiter.line is None


# ----------------------------------------------------------------------------------------------
# Permits: what Lock, RLock and the semaphores are made of


class _Permits:
    _value = 1  # how many are free

    def __init__(self):
        self._line = []

    # The arguments of acquire() of a lock, in the form that _take() takes.
    def _patience(self, blocking, timeout):
        left = _patience(timeout)
        if timeout == -1:
            return None if blocking else 0
        if not blocking:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0:
            raise ValueError("timeout value must be a non-negative number")
        return left

    # A permit that somebody waits for goes straight to the first in line: nobody can overtake.
    def _take(self, left):
        with _guard:
            if self._value > 0:
                self._value -= 1
                return True
            if left == 0:
                return False
            waiter = _Waiter(self._line)
        try:
            return _sleep(waiter, left)
        except BaseException:
            if waiter.line is None:
                self._give(1)
            raise

    # False if there would be more than `most` free: then nothing has changed.
    def _give(self, n, most=None):
        with _guard:
            line = self._line
            free = self._value + max(n - len(line), 0)
            if most is not None and free > most:
                return False
            self._value = free
            _wake(line, n)
        return True

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *args):
        self.release()


class lock(_Permits):
    def acquire(self, blocking=True, timeout=-1):
        return self._take(self._patience(blocking, timeout))

    def release(self):
        if not self._give(1, 1):
            raise RuntimeError("release unlocked lock")

    def locked(self):
        return not self._value

    def __repr__(self):
        return "<%slocked _thread.%s object at 0x%x>" % (
            "" if self.locked() else "un",
            type(self).__name__,
            id(self),
        )

    acquire_lock = acquire
    release_lock = release
    locked_lock = _is_owned = locked


Lock = lock


class RLock(_Permits):
    # Arguments are accepted, as by CPython's type: a subclass may pass its own.
    def __init__(self, *args, **kwargs):
        _Permits.__init__(self)
        self._owner = 0
        self._count = 0

    def acquire(self, blocking=True, timeout=-1):
        left = self._patience(blocking, timeout)
        if self._is_owned():
            self._count += 1
        elif self._take(left):
            # The owner's alone: another thread sees that it is not the owner.
            self._owner = get_ident()
            self._count = 1
        else:
            return False
        return True

    def release(self):
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = 0
            self._give(1)

    locked = lock.locked

    def __repr__(self):
        return "<%slocked _thread.RLock object owner=%d count=%d at 0x%x>" % (
            "" if self._count else "un",
            self._owner,
            self._count,
            id(self),
        )

    def _is_owned(self):
        return self._owner == get_ident()

    def _recursion_count(self):
        return self._count if self._is_owned() else 0

    def _release_save(self):
        state = self._count, self._owner
        if self._is_owned():
            self._count = 1
        self.release()
        return state

    def _acquire_restore(self, state):
        self._take(None)
        self._count, self._owner = state


class Semaphore(_Permits):
    _bounded = False

    def __init__(self, value=1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        _Permits.__init__(self)
        self._value = value
        self._max = value if self._bounded else None

    def acquire(self, blocking=True, timeout=None):
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        # The timeout is looked at when it matters.
        return self._take(0) or bool(blocking and self._take(_patience(timeout)))

    def release(self, n=1):
        if n < 1:
            raise ValueError("n must be one or more")
        if not self._give(n, self._max):
            raise ValueError("Semaphore released too many times")

    def __repr__(self):
        value = self._value if self._max is None else "%d/%d" % (self._value, self._max)
        return "<threading.%s at 0x%x: value=%s>" % (type(self).__name__, id(self), value)


class BoundedSemaphore(Semaphore):
    _bounded = True


# ----------------------------------------------------------------------------------------------
# Condition, Event, Barrier


class Condition:
    def __init__(self, lock=None):
        if lock is None:
            lock = RLock()
        self._lock = lock
        self._line = []
        self.acquire = lock.acquire
        self.release = lock.release
        if hasattr(lock, "locked"):
            self.locked = lock.locked

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *args):
        return self._lock.__exit__(*args)

    def __repr__(self):
        return "<Condition(%r, %d)>" % (self._lock, len(self._line))

    def _is_owned(self):
        lock = self._lock
        if hasattr(lock, "_is_owned"):
            return lock._is_owned()
        if lock.acquire(False):
            lock.release()
            return False
        return True

    def _release_save(self):
        lock = self._lock
        return getattr(lock, "_release_save", lock.release)()

    def _acquire_restore(self, state):
        lock = self._lock
        if hasattr(lock, "_acquire_restore"):
            lock._acquire_restore(state)
        else:
            lock.acquire()

    def _check(self, what):
        if not self._is_owned():
            raise RuntimeError("cannot %s on un-acquired lock" % what)

    # With the lock.
    def _wait(self, left):
        # In line before the lock is given up, so no notify() is missed.
        with _guard:
            waiter = _Waiter(self._line)
        try:
            state = self._release_save()
            try:
                return _sleep(waiter, left)
            finally:
                self._acquire_restore(state)
        except BaseException:
            # This thread leaves with an exception: a notification is for somebody else.
            with _guard:
                if waiter.line is None:
                    _wake(self._line)
                elif waiter in self._line:
                    self._line.remove(waiter)
            raise

    def wait(self, timeout=None):
        self._check("wait")
        return self._wait(_patience(timeout))

    def wait_for(self, predicate, timeout=None):
        result = predicate()
        if result:
            return result
        left = _patience(timeout)
        then = time.ticks_ms()
        while True:
            # As in CPython also with a timeout of zero.
            self._check("wait")
            notified = self._wait(left)
            result = predicate()
            if result or not notified:
                return result
            if left is not None:
                now = time.ticks_ms()
                left = max(left - time.ticks_diff(now, then), 0)
                then = now

    def notify(self, n=1):
        self._check("notify")
        with _guard:
            _wake(self._line, n)

    def notify_all(self):
        self.notify(len(self._line))

    notifyAll = notify_all


class Event:
    def __init__(self):
        self._flag = False
        self._line = []

    def is_set(self):
        return self._flag

    isSet = is_set

    def set(self):
        with _guard:
            self._flag = True
            _wake(self._line, len(self._line))

    def clear(self):
        with _guard:
            self._flag = False

    def wait(self, timeout=None):
        if self._flag:
            return True
        left = _patience(timeout)
        with _guard:
            if self._flag:
                return True
            waiter = _Waiter(self._line)
        return _sleep(waiter, left)

    def __repr__(self):
        return "<threading.Event at 0x%x: %sset>" % (id(self), "" if self._flag else "un")


class Barrier:
    def __init__(self, parties, action=None, timeout=None):
        if parties < 1:
            raise ValueError("parties must be >= 1")
        self._parties = parties
        self._action = action
        self._timeout = timeout
        self._mutex = Lock()
        self._begin(False)

    # A round is an event. Who leaves late has it in hand still, while others begin the next.
    def _begin(self, broken):
        self._broken = broken
        self._round = this = Event()
        this.count = 0  # how many have come
        this.ok = None  # True: complete, False: broken; with the mutex

    # With the mutex. Who is woken finds the next round.
    def _end(self, ok, broken):
        this = self._round
        this.ok = ok
        self._begin(broken)
        this.set()

    def wait(self, timeout=None):
        timeout = self._timeout if timeout is None else timeout
        with self._mutex:
            if self._broken:
                raise BrokenBarrierError
            this = self._round
            index = this.count
            this.count += 1
            if this.count == self._parties:
                ok = False
                try:
                    if self._action:
                        self._action()
                    ok = True
                finally:
                    self._end(ok, not ok)
                return index
        try:
            this.wait(timeout)
        except BaseException:
            # This thread has not come; the others go on waiting.
            with self._mutex:
                this.count -= 1
            raise
        if this.ok is None:
            # Out of time. But the last one may have come: then its action decides.
            with self._mutex:
                if this.ok is None:
                    self._end(False, True)
        if not this.ok:
            raise BrokenBarrierError
        return index

    def reset(self):
        with self._mutex:
            self._end(False, False)

    def abort(self):
        with self._mutex:
            self._end(False, True)

    @property
    def parties(self):
        return self._parties

    @property
    def n_waiting(self):
        return 0 if self._broken else self._round.count

    @property
    def broken(self):
        return self._broken

    def __repr__(self):
        state = "waiters=%d/%d" % (self._round.count, self._parties)
        return "<threading.Barrier at 0x%x: %s>" % (id(self), "broken" if self._broken else state)


# ----------------------------------------------------------------------------------------------
# Threads

_threads = {}  # ident: Thread, of those that run; under the guard
_number = 0  # in the name of a thread; under the guard
_starting = _thread.allocate_lock()  # _thread's stack size is set for one start at a time
_stack_size = 0

_ExceptHookArgs = namedtuple(
    "_ExceptHookArgs", ("exc_type", "exc_value", "exc_traceback", "thread")
)


def ExceptHookArgs(args):
    try:
        args = tuple(args)
    except TypeError:
        raise TypeError("constructor requires a sequence")
    if len(args) != 4:
        raise TypeError(
            "_thread._ExceptHookArgs() takes a 4-sequence (%d-sequence given)" % len(args)
        )
    return _ExceptHookArgs(*args)


def _report(head, exc):
    # One write for all of it, where the port can: other threads may be writing.
    try:
        from io import StringIO

        text = StringIO()
        sys.print_exception(exc, text)
        text = text.getvalue()
        # Without a message CPython's line ends with the name.
        if text.endswith(": \n"):
            text = text[:-3] + "\n"
        sys.stderr.write(head + "\n" + text)
    except (ImportError, AttributeError):
        print(head)
        sys.print_exception(exc)


def excepthook(args):
    if not isinstance(args, _ExceptHookArgs):
        raise TypeError("_thread.excepthook argument type must be ExceptHookArgs")
    if args.exc_type is not SystemExit:
        name = get_ident() if args.thread is None else args.thread.name
        _report("Exception in thread %s:" % name, args.exc_value)


__excepthook__ = excepthook


def _next_number():
    global _number
    with _guard:
        _number += 1
        return _number


def _call(function, args, kwargs):
    if not isinstance(kwargs, dict):
        kwargs = dict(kwargs)  # TypeError for what is no mapping
    function(*args, **kwargs)


class Thread:
    _state = 0

    def __init__(
        self,
        group=None,
        target=None,
        name=None,
        args=(),
        kwargs=None,
        *,
        daemon=None,
        context=None,
    ):
        if group is not None:
            raise AssertionError("group argument must be None for now")
        if excepthook is None:
            raise RuntimeError("threading.excepthook is None")
        if name:
            name = str(name)
        else:
            name = "Thread-%d" % _next_number()
            function = getattr(target, "__name__", None)
            if function is not None:
                name = "%s (%s)" % (name, function)
        self._name = name
        self._daemon = current_thread()._daemon if daemon is None else daemon
        self._target = target
        self._args = args
        self._kwargs = {} if kwargs is None else kwargs
        self._context = context
        self._ident = None
        self._locals = {}  # what local objects hold of this thread's; its own
        self._ended = Event()
        self._state = _INITIAL  # changes under the guard

    def _check(self, error=AssertionError, text="Thread.__init__() not called"):
        if not self._state:
            raise error(text)

    def start(self):
        self._check(RuntimeError, "thread.__init__() not called")
        with _guard:
            if self._state != _INITIAL:
                raise RuntimeError("threads can only be started once")
            self._state = _STARTED
        _take_exit()
        begun = _thread.allocate_lock()
        begun.acquire()
        try:
            with _starting:
                if _stack_size:
                    _thread.stack_size(_stack_size)
                try:
                    _thread.start_new_thread(self._bootstrap, (begun,))
                finally:
                    if _stack_size:
                        _thread.stack_size(0)
        except Exception:
            self._state = _INITIAL
            raise RuntimeError("can't start new thread")
        # Who starts threads faster than they can run would otherwise pile them up.
        begun.acquire()

    def _bootstrap(self, begun):
        try:
            try:
                self._adopt()
            finally:
                begun.release()
            if self._context is None:
                self.run()
            else:
                self._context.run(self.run)
        except BaseException as e:
            try:
                hook = excepthook or __excepthook__
                hook(_ExceptHookArgs(type(e), e, None, self))
            except BaseException as e:
                _report("Exception in threading.excepthook:", e)
        self._locals = None
        with _guard:
            self._state = _STOPPED
            if _threads.get(self._ident) is self:
                del _threads[self._ident]
        self._ended.set()

    # For the calling thread, which runs already.
    def _adopt(self):
        self._ident = get_ident()
        with _guard:
            self._state = _STARTED
            _threads[self._ident] = self
        return self

    def run(self):
        try:
            if self._target is not None:
                _call(self._target, self._args, self._kwargs)
        finally:
            # What they refer to may be large: it goes with the end of run(), not of the Thread.
            self._target = self._kwargs = None
            self._args = ()

    def join(self, timeout=None):
        self._check(RuntimeError)
        if self._state == _INITIAL:
            raise RuntimeError("cannot join thread before it is started")
        if self is current_thread():
            raise RuntimeError("cannot join current thread")
        _patience(timeout)
        self._ended.wait(timeout)

    def is_alive(self):
        self._check()
        return self._state == _STARTED

    def getName(self):
        self._check()
        return self._name

    def setName(self, name):
        self._check()
        self._name = str(name)

    def isDaemon(self):
        self._check()
        return self._daemon

    def setDaemon(self, daemonic):
        self._check(RuntimeError)
        if self._state != _INITIAL:
            raise RuntimeError("cannot set daemon status of active thread")
        self._daemon = daemonic

    @property
    def ident(self):
        self._check()
        return self._ident

    native_id = ident
    name = property(getName, setName)
    daemon = property(isDaemon, setDaemon)

    def __repr__(self):
        self._check(AssertionError, "Thread.__init__() was not called")
        return "<%s(%s, %s%s%s)>" % (
            type(self).__name__,
            self._name,
            ("initial", "started", "stopped")[self._state - 1],
            " daemon" if self._daemon else "",
            "" if self._ident is None else " %d" % self._ident,
        )


class _MainThread(Thread):
    pass


# Stands for a thread that _thread has started. Nobody tells when it ends.
class _DummyThread(Thread):
    def join(self, timeout=None):
        raise RuntimeError("cannot join a dummy thread")


class Timer(Thread):
    def __init__(self, interval, function, args=None, kwargs=None):
        Thread.__init__(self)
        self.interval = interval
        self.function = function
        self.args = [] if args is None else args
        self.kwargs = {} if kwargs is None else kwargs
        self.finished = Event()

    def cancel(self):
        self.finished.set()

    def run(self):
        if not self.finished.wait(self.interval):
            _call(self.function, self.args, self.kwargs)
        self.finished.set()


def current_thread():
    with _guard:
        thread = _threads.get(get_ident())
    if thread is None:
        thread = _DummyThread(name="Dummy-%d" % _next_number(), daemon=True)._adopt()
    return thread


def main_thread():
    return _main


def enumerate():
    with _guard:
        return list(_threads.values())


def active_count():
    return len(enumerate())


currentThread = current_thread
activeCount = active_count


# Without an argument: back to the default, as in CPython.
def stack_size(size=0):
    global _stack_size
    if not isinstance(size, int):
        raise TypeError("an integer is required")
    if size and size < _MIN_STACK_SIZE:
        raise ValueError("size must be at least %d bytes" % _MIN_STACK_SIZE)
    old = _stack_size
    _stack_size = size
    return old


# The interpreter has nothing that would call these hooks: they are kept.
_hooks = [None, None]


def settrace(func):
    _hooks[0] = func


def gettrace():
    return _hooks[0]


def setprofile(func):
    _hooks[1] = func


def getprofile():
    return _hooks[1]


settrace_all_threads = settrace
setprofile_all_threads = setprofile


# ----------------------------------------------------------------------------------------------
# local


def _own_dict(obj, init=True):
    # The calling thread's attributes of a local object. They are kept by the Thread, under the
    # object's key, and go with it.
    dicts = current_thread()._locals
    key, args, kwargs = obj._local
    own = dicts.get(key)
    if own is None:
        own = dicts[key] = {}
        if init:
            try:
                obj.__init__(*args, **kwargs)
            except BaseException:
                # The next touch tries again.
                del dicts[key]
                raise
    return own


# What obj.__dict__ is: MicroPython does not let a class decide about that name.
class _OwnDict:
    def __init__(self, obj):
        self._obj = obj

    def __getattr__(self, name):
        return getattr(_own_dict(self._obj), name)

    def __len__(self):
        return len(_own_dict(self._obj))

    def __iter__(self):
        return iter(_own_dict(self._obj))

    def __getitem__(self, key):
        return _own_dict(self._obj)[key]

    def __setitem__(self, key, value):
        _own_dict(self._obj)[key] = value

    def __delitem__(self, key):
        del _own_dict(self._obj)[key]

    def __eq__(self, other):
        return _own_dict(self._obj) == other

    def __repr__(self):
        return repr(_own_dict(self._obj))


def _with_properties(cls):
    # MicroPython looks for attributes in the class before it asks __getattr__(). A class that has
    # some, methods and properties aside, gets a subclass that turns them round.
    def turned(name):
        def get(obj):
            own = _own_dict(obj)
            return own[name] if name in own else getattr(cls, name)

        return property(
            get,
            lambda obj, value: obj.__setattr__(name, value),
            lambda obj: obj.__delattr__(name),
        )

    names = {}
    base = cls
    while base is not local:
        for name in base.__dict__:
            value = base.__dict__[name]
            if not (name.startswith("__") or callable(value) or isinstance(value, property)):
                names[name] = turned(name)
        base = base.__bases__[0]
    return type(cls.__name__, (cls,), names) if names else cls


class local:
    def __new__(cls, *args, **kwargs):
        if not isinstance(cls, type) or not issubclass(cls, local):
            raise TypeError("local.__new__(X): X is not a subtype of local")
        if cls.__init__ is local.__init__ and (args or kwargs):
            raise TypeError("Initialization arguments are not supported")
        kind = _local_kinds.get(cls)
        if kind is None:
            kind = _local_kinds[cls] = _with_properties(cls)
        self = object.__new__(kind)
        keep = object.__setattr__
        keep(self, "__dict__", _OwnDict(self))
        keep(self, "_local", (object(), args, kwargs))
        # The interpreter calls __init__() for the creating thread, if this is of the class itself.
        _own_dict(self, kind is not cls)
        return self

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        own = _own_dict(self)
        if name in own:
            return own[name]
        raise AttributeError("no such attribute")

    def __setattr__(self, name, value):
        if name == "__dict__":
            raise AttributeError("attribute '__dict__' is read-only")
        _own_dict(self)[name] = value

    def __delattr__(self, name):
        own = _own_dict(self)
        if name not in own:
            raise AttributeError("no such attribute")
        del own[name]


_local_kinds = {}


# ----------------------------------------------------------------------------------------------
# The end of the program

_exit_calls = []  # None: the end has begun
_exit_next = None  # what the program has given sys.atexit


def _register_atexit(func, *args, **kwargs):
    if _exit_calls is None:
        raise RuntimeError("can't register atexit after shutdown")
    _take_exit()
    _exit_calls.append((func, args, kwargs))


def _exit():
    # From here on join() of the main thread returns. Then the others are waited for, those that
    # start meanwhile included, but not the daemons.
    global _exit_calls
    calls = _exit_calls
    _exit_calls = None
    try:
        while calls:
            func, args, kwargs = calls.pop()
            func(*args, **kwargs)
        _main._state = _STOPPED
        _main._ended.set()
        more = True
        while more:
            more = False
            for thread in enumerate():
                if not thread._daemon and thread is not _main:
                    thread._ended.wait()
                    more = True
    except BaseException as e:
        # It would be the end of the interpreter.
        _report("Exception ignored while joining a thread in _thread._shutdown():", e)
    if callable(_exit_next):
        try:
            _exit_next()
        except BaseException as e:
            sys.print_exception(e)


def _take_exit():
    # sys.atexit holds one function: ours calls the program's. One that is set later gets its
    # place with the next start().
    global _exit_next
    if hasattr(sys, "atexit"):
        with _starting:
            former = sys.atexit(_exit)
            if former is not _exit:
                _exit_next = former


_main = _MainThread(name="MainThread", daemon=False)._adopt()

__all__ = (
    "get_ident",
    "active_count",
    "Condition",
    "current_thread",
    "enumerate",
    "main_thread",
    "TIMEOUT_MAX",
    "Event",
    "Lock",
    "RLock",
    "Semaphore",
    "BoundedSemaphore",
    "Thread",
    "Barrier",
    "BrokenBarrierError",
    "Timer",
    "ThreadError",
    "setprofile",
    "settrace",
    "local",
    "stack_size",
    "excepthook",
    "ExceptHookArgs",
    "getprofile",
    "gettrace",
    "setprofile_all_threads",
    "settrace_all_threads",
    "get_native_id",
)
