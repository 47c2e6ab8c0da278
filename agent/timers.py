"""Calls at given times, in one thread.

This file is part of micropython-threading, MIT licence.
"""

import threading
from heapq import heapify, heappop, heappush

from agent.mqtt import monotonic, print_exception


class Timers:
    """All threads may call at() and cancel(). What is called must not block for long."""

    def __init__(self):
        self._changed = threading.Condition()
        self._heap = []  # [time, number, function]
        self._number = 0
        self._stopping = False
        self.beat = False
        self.thread = threading.Thread(target=self._run, name="timers", daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self._stopping = True
        self.kick()
        self.thread.join()

    def kick(self):
        """Has the thread come round once: it sets beat."""
        with self._changed:
            self._changed.notify()

    def at(self, when, function):
        """Calls function() when monotonic() reaches when; returns what cancel() takes."""
        with self._changed:
            self._number += 1
            entry = [when, self._number, function]
            heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._changed.notify()
        return entry

    def cancel(self, entry):
        """At once out of the heap: a job's deadline may be a day away."""
        with self._changed:
            if entry in self._heap:
                self._heap.remove(entry)
                heapify(self._heap)

    def _run(self):
        while True:
            self.beat = True
            with self._changed:
                if self._stopping:
                    return
                rest = self._heap[0][0] - monotonic() if self._heap else None
                if rest is None or rest > 0:
                    self._changed.wait(rest)
                    continue
                function = heappop(self._heap)[2]
            try:
                function()
            except Exception as e:
                print_exception(e)
