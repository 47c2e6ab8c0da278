# CPython's queue for interpreters that cannot be rebuilt: on threading.py beside it.
# docs/pure.md says what differs from the edition in C.
#
# This file is part of micropython-threading, MIT licence.

from threading import Condition, Lock, Semaphore, _guard, _nap, _patience

__all__ = ("Empty", "Full", "ShutDown", "Queue", "PriorityQueue", "LifoQueue", "SimpleQueue")

# How long who takes an item lets others go on before get() returns; lines.py sets it.
grace_ms = 0


class Empty(Exception):
    pass


class Full(Exception):
    pass


class ShutDown(Exception):
    pass


# First in, first out, of any length: MicroPython's deque has a fixed one. pop(0) moves the others, a
# single block: no more work than a few lines of Python up to ten thousand items.
class _Fifo(list):
    def popleft(self):
        return self.pop(0)


def _check(block, timeout):
    if block and timeout is not None and timeout < 0:
        raise ValueError("'timeout' must be a non-negative number")


class Queue:
    def __init__(self, maxsize=0):
        self.maxsize = maxsize
        self.mutex = Lock()
        self.not_empty = Condition(self.mutex)
        self.not_full = Condition(self.mutex)
        self.all_tasks_done = Condition(self.mutex)
        self.unfinished_tasks = 0
        self.is_shutdown = False
        self._init(maxsize)

    def __repr__(self):
        return "<queue.%s object at 0x%x>" % (type(self).__name__, id(self))

    # What a subclass may override; called with the mutex.

    def _init(self, maxsize):
        self.queue = _Fifo()

    def _qsize(self):
        return len(self.queue)

    def _put(self, item):
        self.queue.append(item)

    def _get(self):
        return self.queue.popleft()

    # With the mutex.

    def _has_room(self):
        return self.maxsize <= 0 or self._qsize() < self.maxsize

    def _wait(self, ready, condition, error, block, timeout):
        # Until ready(), or raises what put() and get() do.
        while True:
            is_ready = ready()
            if not is_ready and self.is_shutdown:
                raise ShutDown
            _check(block, timeout)
            if is_ready:
                return
            if not block or not condition.wait_for(
                lambda: ready() or self.is_shutdown, timeout
            ):
                raise error

    def put(self, item, block=True, timeout=None):
        with self.mutex:
            if self.is_shutdown:
                raise ShutDown
            if self.maxsize > 0:
                self._wait(self._has_room, self.not_full, Full, block, timeout)
                if self.is_shutdown:
                    raise ShutDown
            self._put(item)
            self.unfinished_tasks += 1
            self.not_empty.notify()

    def get(self, block=True, timeout=None):
        with self.mutex:
            self._wait(self._qsize, self.not_empty, Empty, block, timeout)
            item = self._get()
            self.not_full.notify()
        if grace_ms:
            _nap(grace_ms)
        return item

    def put_nowait(self, item):
        return self.put(item, block=False)

    def get_nowait(self):
        return self.get(block=False)

    def qsize(self):
        with self.mutex:
            return self._qsize()

    def empty(self):
        return not self.qsize()

    def full(self):
        with self.mutex:
            return not self._has_room()

    def task_done(self):
        with self.mutex:
            if self.unfinished_tasks <= 0:
                raise ValueError("task_done() called too many times")
            self.unfinished_tasks -= 1
            if not self.unfinished_tasks:
                self.all_tasks_done.notify_all()

    def join(self):
        with self.mutex:
            while self.unfinished_tasks:
                self.all_tasks_done.wait()

    def shutdown(self, immediate=False):
        with self.mutex:
            self.is_shutdown = True
            if immediate:
                while self._qsize():
                    self._get()
                    if self.unfinished_tasks > 0:
                        self.unfinished_tasks -= 1
                self.all_tasks_done.notify_all()
            self.not_empty.notify_all()
            self.not_full.notify_all()


class LifoQueue(Queue):
    def _init(self, maxsize):
        self.queue = []

    def _get(self):
        return self.queue.pop()


# Lowest first. Items change places one comparison at a time: one that raises leaves them all
# there, which heapq's functions do not promise.
class PriorityQueue(Queue):
    _init = LifoQueue._init

    def _up(self, pos):
        heap = self.queue
        while pos > 0:
            parent = (pos - 1) // 2
            if not heap[pos] < heap[parent]:
                break
            heap[pos], heap[parent] = heap[parent], heap[pos]
            pos = parent

    def _put(self, item):
        self.queue.append(item)
        self._up(len(self.queue) - 1)

    def _get(self):
        heap = self.queue
        last = heap.pop()
        if not heap:
            return last
        first = heap[0]
        heap[0] = last
        # The hole goes down to a leaf along the lesser children, then its item up to its place.
        pos = 0
        while pos * 2 + 1 < len(heap):
            child = pos * 2 + 1
            if child + 1 < len(heap) and not heap[child] < heap[child + 1]:
                child += 1
            heap[pos], heap[child] = heap[child], heap[pos]
            pos = child
        self._up(pos)
        return first


# A permit for each item.
class SimpleQueue:
    def __init__(self):
        self._items = []
        self._permits = Semaphore(0)

    def __repr__(self):
        return "<_queue.SimpleQueue object at 0x%x>" % id(self)

    def put(self, item, block=True, timeout=None):
        with _guard:
            self._items.append(item)
        self._permits._give(1)

    def get(self, block=True, timeout=None):
        left = _patience(timeout) if block else 0
        _check(block, timeout)
        if not self._permits._take(left):
            raise Empty
        with _guard:
            item = self._items.pop(0)
        if grace_ms:
            _nap(grace_ms)
        return item

    def qsize(self):
        return self._permits._value

    empty = Queue.empty
    put_nowait = Queue.put_nowait
    get_nowait = Queue.get_nowait
