"""Tasks that begin by themselves: at times of the day, every so often, once, or when something
happens.

A task is {"id", "run": command, "cron" | "every" | "at" | "on"} and may have "jitter" (seconds)
and "catch_up" ("none" or "one": what was missed is run once).

This file is part of micropython-threading, MIT licence.
"""

import os
import random
import time
from binascii import hexlify

from agent.commands import clock_is_set, is_id
from agent.jobs import Refused
from agent.mqtt import monotonic
from agent.store import load, save
from micropython import const

EVENTS = ("boot", "online", "offline")

# A run that is so many minutes late is on time: the machine was busy, or starting.
_LATE = const(2)

# A clock that is set back by more than this begins anew; within it nothing is run twice.
_BACK = const(60)

# Days to look back for a missed run: a leap day is the rarest.
_DAYS = const(4 * 366 + 1)

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))

_FILE = "sched.json"


def _field(text, low, high):
    """The set of numbers that a field of a cron line stands for; None: all."""
    if text == "*":
        return None
    numbers = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            first, last = low, high
        elif not last:
            last = high if step else first
        first, last, step = int(first), int(last), int(step or 1)
        if not low <= first <= last <= high or step < 1:
            raise ValueError(text)
        numbers.update(range(first, last + 1, step))
    return numbers


class Cron:
    """minute hour day-of-month month day-of-week, as cron has it: numbers, *, lists, -, /.

    Sunday is 0 and 7. Where both days are given, one of them is enough.
    """

    def __init__(self, line):
        fields = line.split()
        if len(fields) != 5:
            raise ValueError(line)
        fields = [_field(f, low, high) for f, (low, high) in zip(fields, _FIELDS)]
        self.minutes, self.hours, self.days, self.months, self.weekdays = fields
        if self.weekdays and 7 in self.weekdays:
            self.weekdays.add(0)

    def _day(self, t):
        if self.months is not None and t[1] not in self.months:
            return False
        day = self.days is None or t[2] in self.days
        weekday = self.weekdays is None or (t[6] + 1) % 7 in self.weekdays
        if self.days is not None and self.weekdays is not None:
            return day or weekday
        return day and weekday

    def latest(self, after, until):
        """The last matching minute (since 1970) in after < m <= until, or None."""
        day = until // 1440
        for d in range(day, max(after // 1440, day - _DAYS) - 1, -1):
            if self._day(time.gmtime(d * 86400)):
                for m in range(min(until, d * 1440 + 1439), max(after, d * 1440 - 1), -1):
                    hour, minute = m // 60 % 24, m % 60
                    if self.hours is None or hour in self.hours:
                        if self.minutes is None or minute in self.minutes:
                            return m
        return None


class _Task:
    def __init__(self, spec, last=None):
        self.spec = spec
        self.id = spec["id"]
        self.cron = Cron(spec["cron"]) if "cron" in spec else None
        self.one = spec.get("catch_up", "one" if "at" in spec else "none") == "one"
        self.last = last  # the minute that was run last; for cron with catch_up
        self.seen = None  # the minute up to which is decided
        self.turn = ""
        self.gone = False
        self.wall = "cron" in spec or "at" in spec


class Schedules:
    """fire(command) begins a run and returns when it is on flash.

    Wall clock times are looked at once a minute: the clock may jump.
    """

    def __init__(self, disk, timers, fire, utc_offset=0, limit=32):
        self.disk = disk
        self.timers = timers
        self.fire = fire
        self.offset = utc_offset  # minutes
        self.limit = limit
        self._boot = str(hexlify(os.urandom(3)), "ascii")
        self._count = 0
        self._tick_timer = None
        self.tasks = {}  # replaced whole, so that every thread may read it
        saved = load(disk, _FILE, {"tasks": [], "last": {}})
        for spec in saved["tasks"]:
            self.tasks[spec["id"]] = _Task(spec, saved["last"].get(spec["id"]))

    def start(self):
        for task in list(self.tasks.values()):
            self._begin(task)
        self.event("boot")

    # What the commands do; each is on flash when it returns.

    def set(self, command):
        spec = command.get("task")
        if not isinstance(spec, dict) or not isinstance(spec.get("run"), dict):
            raise Refused("task")
        id = spec.get("id")
        if not is_id(id, 32):
            raise Refused("id")
        kinds = [kind for kind in ("cron", "every", "at", "on") if kind in spec]
        if len(kinds) != 1:
            raise Refused("one of cron, every, at, on")
        try:
            value = spec[kinds[0]]
            good = {
                "cron": lambda: Cron(value),
                "every": lambda: value >= 1,
                "at": lambda: value > 0,
                "on": lambda: value in EVENTS,
            }[kinds[0]]() and spec.get("jitter", 0) >= 0
            good = good and spec.get("catch_up", "none") in ("none", "one")
        except (ValueError, TypeError, AttributeError):
            good = False
        if not good:
            raise Refused(kinds[0])
        if id not in self.tasks and len(self.tasks) >= self.limit:
            raise Refused("too many tasks")
        task = _Task(spec)
        tasks = dict(self.tasks)
        old = tasks.get(id)
        tasks[id] = task
        if clock_is_set():
            task.seen = task.last = self._minute()
        self._save(tasks)
        if old:
            old.gone = True
        self._begin(task)

    def delete(self, command):
        tasks = dict(self.tasks)
        task = tasks.pop(command.get("task"), None)
        if task is None:
            raise Refused("unknown task")
        self._save(tasks)
        task.gone = True

    def list(self):
        return [task.spec for task in self.tasks.values()]

    def event(self, name):
        """From any thread."""
        self.timers.at(0, lambda: self._event(name))

    # In the timers' thread

    def _save(self, tasks):
        last = {t.id: t.last for t in tasks.values() if t.one and t.cron and t.last is not None}
        save(self.disk, _FILE, {"tasks": [t.spec for t in tasks.values()], "last": last})
        self.tasks = tasks

    def _minute(self):
        return int(time.time()) // 60

    def _begin(self, task):
        every = task.spec.get("every")
        if every:
            due = [monotonic() + every]

            def run():
                if not task.gone:
                    # Not late by what came before, and what was missed is left out.
                    due[0] += every * max(1, int((monotonic() - due[0]) // every) + 1)
                    self.timers.at(due[0], run)
                    self._run_later(task, self._unique())

            self.timers.at(due[0], run)
        elif task.wall:
            self.timers.at(0, self._tick)

    def _event(self, name):
        for task in list(self.tasks.values()):
            if task.spec.get("on") == name:
                self._run_later(task, self._unique())

    def _unique(self):
        self._count += 1
        return "%s.%d" % (self._boot, self._count)

    def _tick(self):
        if self._tick_timer:
            self.timers.cancel(self._tick_timer)
            self._tick_timer = None
        rest = 60 - time.time() % 60
        if clock_is_set():
            for task in list(self.tasks.values()):
                if task.cron:
                    self._look(task)
                elif "at" in task.spec:
                    wait = task.spec["at"] - time.time()
                    if wait <= 0:
                        self._once(task, -wait)
                    else:
                        rest = min(rest, wait)
        if any(task.wall for task in self.tasks.values()):
            self._tick_timer = self.timers.at(monotonic() + rest + 0.01, self._tick)

    def _look(self, task):
        now = self._minute()
        if task.seen is None:
            task.seen = now - _LATE - 1
            if task.one:
                task.seen = now if task.last is None else task.last
        if now < task.seen - _BACK:
            task.seen = now
            task.turn = "-" + self._unique()  # those minutes have been, and come again
        if now <= task.seen:
            return
        due = task.cron.latest(task.seen + self.offset, now + self.offset)
        task.seen = now
        if due is not None:
            due -= self.offset
            if task.one or now - due <= _LATE:
                self._run_later(task, "%d%s" % (due, task.turn), due)

    def _once(self, task, late):
        if task.gone:
            return
        task.gone = True  # here; on flash until it has begun
        if task.one or late <= 60 * _LATE:
            self._run_later(task, int(task.spec["at"]), once=True)
        else:
            self._drop(task)

    def _drop(self, task):
        if self.tasks.get(task.id) is task:
            tasks = dict(self.tasks)
            del tasks[task.id]
            self._save(tasks)

    def _run_later(self, task, key, minute=None, once=False):
        def run():
            if self.tasks.get(task.id) is not task:
                return
            # The key makes the id the same if this is done again after a power cut.
            self.fire(dict(task.spec["run"], id="s-%s-%s" % (task.id, key), op="run"))
            if once:
                self._drop(task)
            elif minute is not None and task.one:
                task.last = minute
                self._save(self.tasks)

        jitter = task.spec.get("jitter", 0)
        if jitter:
            self.timers.at(monotonic() + random.random() * jitter, run)
        else:
            run()
