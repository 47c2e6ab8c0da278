"""Jobs: commands that take their time, run by a few worker threads, the urgent ones first.

This file is part of micropython-threading, MIT licence.
"""

import threading
from queue import PriorityQueue

from agent.mqtt import monotonic, print_exception
from agent.result import FAILED, Failed, check_result, describe, is_json

# The states in which a command ends, one of them each, or FAILED.
SUCCEEDED = "succeeded"
CANCELED = "canceled"
TIMED_OUT = "timed_out"
REJECTED = "rejected"
LOST = "lost"

# Shells and REPLs at once. Each has a thread of its own, as an upgrade has: a worker would be gone for
# long.
SESSIONS = 2


class Refused(Exception):
    """A command that is not even tried, and why."""


class Job:
    """What a job's function gets as its first argument."""

    def __init__(self, jobs, command):
        self._jobs = jobs
        self.id = command["id"]
        self.command = command
        self.deadline = None  # monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()  # it shall end
        self._why = None  # the state that asked for it
        self._wake = None  # tells a function that waits for something else
        self.feed = None  # takes (where it begins, input)
        self.decided = lambda: False  # it is done, also if it is asked to end from now on
        self.late = False  # it was answered before it ended
        self.replaced = False  # its worker's place was given to another

    def progress(self, percent, text=""):
        """Tells how far it is. Not kept if the broker is not there."""
        if not is_json([percent, text]):
            raise TypeError("not JSON")
        self.tell({"pct": percent, "msg": text})

    def tell(self, fields):
        self._jobs.event(dict(fields, id=self.id, st="running"))

    def log(self, text, level=20):
        """Adds to the device's log. The levels are those of Python's logging."""
        self._jobs.log(level, "%s: %s" % (self.id, text))

    def canceled(self):
        """Whether it shall end: it was canceled, or its time is over."""
        return self._ended.is_set()

    def wait(self, seconds):
        """Sleeps; returns True at once when the job shall end."""
        return self._ended.wait(seconds)

    def end(self, state):
        """Asks the job to end, with this state."""
        with self._lock:
            if self._why is None:
                self._why = state
                self._ended.set()
                if self._wake:
                    self._wake()

    def on_end(self, wake):
        """wake() is called when the job shall end, at once if it shall; None: no longer."""
        with self._lock:
            self._wake = wake
            if wake and self._why:
                wake()


class Jobs:
    """A queue of jobs and the threads that run them.

    resolve(command) gives the function that runs it, or raises Refused. event(event) sends what is
    under way. answered() says that the table has another answer, to be sent. log(level, text).
    """

    def __init__(
        self, table, timers, resolve, event, answered, workers=2, size=16, timeout=300,
        max_timeout=86400, grace=5, max_stuck=2, log=lambda level, text: None,
    ):
        self.table = table
        self.timers = timers
        self.resolve = resolve
        self.event = event
        self.answered = answered
        self.size = size
        self.timeout = timeout
        self.max_timeout = max_timeout
        self.grace = grace
        self.max_stuck = max_stuck
        self.log = log
        self.stuck = 0
        self._draining = False
        self._queue = PriorityQueue()
        self._lock = threading.Lock()
        self._number = 0
        self._jobs = {}  # id: Job, queued or running
        self._workers = [self._new_worker() for _ in range(workers)]

    def start(self):
        """Goes on with what the table has open, then runs."""
        for id in list(self.table.order):
            command = self.table.open[id]
            if _is_session(command) or id in self.table.begun and not command.get("idem"):
                self.answer(id, LOST, reason="restarted")
            else:
                self._put(command)
        for worker in self._workers:
            worker.start()

    def submit(self, command):
        """Takes a command, or raises Refused; on flash when it returns. One thread at a time."""
        self.resolve(command)
        timeout = command.get("timeout", self.timeout)
        if not isinstance(timeout, (int, float)) or not 0 < timeout <= self.max_timeout:
            raise Refused("timeout")
        if not isinstance(command.get("prio", 0), int):
            raise Refused("prio")
        with self._lock:
            jobs = list(self._jobs.values())
        # What is canceled stays in the queue until a worker takes it.
        waiting = sum(not job.deadline and job.command["op"] == "run" for job in jobs)
        sessions = sum(_is_session(job.command) for job in jobs)
        if self._draining or waiting >= self.size or self._queue.qsize() >= 8 * self.size:
            raise Refused("busy")
        if sessions >= SESSIONS and _is_session(command):
            raise Refused("busy")
        if self.stuck > self.max_stuck:
            raise Refused("stuck")
        try:
            self.table.accept(command)
        except OSError:
            raise Refused("no space")
        self._put(command)
        self.event({"id": command["id"], "st": "queued"})

    def _put(self, command):
        with self._lock:
            self._number += 1
            job = self._jobs[command["id"]] = Job(self, command)
            if command["op"] != "run":
                threading.Thread(target=self._run, args=(job,), daemon=True).start()
            else:
                self._queue.put((-command.get("prio", 0), self._number, job))

    def cancel(self, id):
        """Whether there was such a job. A running one ends by and by."""
        with self._lock:
            job = self._jobs.get(id)
        if job is None:
            return False
        job.end(CANCELED)
        if job.deadline is None:  # not begun; a worker that takes it now finds it answered
            self.answer(id, CANCELED)
        else:
            self._give_up_later(job)
        return True

    def drain(self, job, seconds):
        """Begins no more jobs, and waits until no other runs, or so long. There is no way back."""
        self._draining = True
        while seconds > 0 and any(j.deadline and j is not job for j in list(self._jobs.values())):
            job.wait(1)
            seconds -= 1

    def feed(self, id, at, data):
        """Input of a session."""
        with self._lock:
            job = self._jobs.get(id)
        if job and job.feed:
            job.feed(at, data)

    def list(self):
        with self._lock:
            return [
                {
                    "id": job.id,
                    "op": job.command["op"],
                    "fn": job.command.get("fn"),
                    "st": "running" if job.deadline else "queued",
                    "left": int(job.deadline - monotonic()) if job.deadline else None,
                }
                for job in self._jobs.values()
            ]

    def answer(self, id, state, **fields):
        """The terminal event of a command; whether it is the first."""
        event = dict(fields, id=id, st=state)
        with self._lock:
            self._jobs.pop(id, None)
        try:
            first = self.table.answer(event)
        except OSError as e:
            print_exception(e)
            first = True
        if first:
            self.log(20, "%s %s %s" % (id, state, fields.get("reason", "")))
            self.answered()
        return first

    # Workers

    def _new_worker(self):
        return threading.Thread(target=self._work, name="worker", daemon=True)

    def _work(self):
        while self._run(self._queue.get()[2]):
            pass

    def _run(self, job):
        """Whether the worker still has its place: it loses it by a job that does not end."""
        if self._draining:
            return False
        with job._lock:
            if job._why is None:
                job.deadline = monotonic() + job.command.get("timeout", self.timeout)
        if job.deadline is None:
            return True
        timer = self.timers.at(job.deadline, lambda: self._timed_out(job))
        state, fields = SUCCEEDED, {}
        began = monotonic()
        try:
            function = self.resolve(job.command)
            if job.id not in self.table.begun:
                self.table.begin(job.id)
            self.event({"id": job.id, "st": "running"})
            fields = {"result": function(job)}
            check_result(fields["result"])
        except Failed as e:
            state, fields = e.state, dict(e.fields, reason=e.reason)
        except Refused as e:
            state, fields = REJECTED, {"reason": str(e)}
        except BaseException as e:
            # Also SystemExit, and whatever else a technician may raise.
            state, fields = FAILED, {"reason": describe(e)}
        self.timers.cancel(timer)
        if job._why and state != REJECTED and not job.decided():
            state = job._why
        fields["dur"] = round(monotonic() - began, 1)
        self.answer(job.id, state, **fields)
        with self._lock:
            self.stuck -= job.late
            return not job.replaced

    def _timed_out(self, job):
        job.end(TIMED_OUT)
        self._give_up_later(job)

    def _give_up_later(self, job):
        self.timers.at(monotonic() + 2 * self.grace, lambda: self._give_up(job))

    def _give_up(self, job):
        """A thread cannot be killed: another one takes its place, and it ends when it likes."""
        # Draining, the agent itself is about to end: the next one has the answer.
        if self._draining or job.decided() or self._jobs.get(job.id) is not job:
            return
        if self.answer(job.id, job._why, reason="does not end"):
            with self._lock:
                job.late = True
                self.stuck += 1
                job.replaced = self.stuck <= self.max_stuck
            if job.replaced:
                self._new_worker().start()


def _is_session(command):
    return command["op"] in ("sh.open", "repl.open")
