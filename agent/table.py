"""What is known of commands: those under way, and the answers to the last ones.

This file is part of micropython-threading, MIT licence.
"""

import json
import threading

from agent.store import Journal
from micropython import const

# A longer answer loses its result once it has been sent, or when there are more of them that wait
# than this: they are kept in RAM.
_LONG = const(512)
_LONG_ANSWERS = const(8)


class Table:
    """Every id is in here at most once: open, or with its answer, the one terminal event.

    The journal has records of three kinds: {"id", "cmd"} an accepted command, {"id", "run"} it has
    begun, {"id", "st", ...} its answer. Each may carry "sent": ids of answers that have arrived,
    which also comes alone.

    A signed command, which has "signed", its exp, is told from a copy of itself for longer: of the
    ids those are kept that expire last, and none is taken that expires before them.
    """

    def __init__(self, disk, name, keep=64, journal_size=32768):
        self.keep = keep
        self.journal_size = journal_size
        self.lock = threading.Lock()
        self.open = {}  # id: command
        self.begun = set()
        self.order = []  # of the open ids
        self.answers = {}  # id: event
        self.last = []  # of the answered ids
        self.unsent = []  # ids
        self.dropped = 0  # of those
        self._sent = []  # not in the journal yet
        self.signed = {}  # id: exp
        self.floor = 0  # the last exp that is no longer in there
        self._long = []  # ids of answers that may lose their result
        self._journal = Journal(disk, name)
        for record in self._journal.read():
            self._apply(record)

    def _apply(self, record):
        id = record.get("id")
        for sent in record.pop("sent", ()):
            self._forget_sent(sent)
        if "floor" in record:
            self.floor = record["floor"]
            self.signed = record["signed"]
        elif id is None:
            pass
        elif "cmd" in record:
            self._accept(record["cmd"])
        elif "run" in record:
            self.begun.add(id)
        else:
            self._answer(record)

    def _accept(self, command):
        self.open[command["id"]] = command
        self.order.append(command["id"])
        self._note(command)

    def _note(self, record):
        if "signed" in record:
            self.signed[record["id"]] = record["signed"]
            if len(self.signed) > self.keep:
                id = min(self.signed, key=self.signed.get)
                self.floor = self.signed.pop(id)

    def replayed(self, id, exp):
        """Whether a signed command that is not known now may have been here before."""
        return id in self.signed or exp <= self.floor

    def _answer(self, event):
        self._note(event)
        id = event["id"]
        if self.open.pop(id, None) is not None:
            self.order.remove(id)
            self.begun.discard(id)
        self.answers[id] = event
        self.last.append(id)
        self.unsent.append(id)
        if len(json.dumps(event)) > _LONG:
            self._long.append(id)
            if len(self._long) > _LONG_ANSWERS:
                self._shorten(self._long[0])
        # So many that the broker has, and so many that it does not have yet.
        for ids in [id for id in self.last if id not in self.unsent], self.unsent:
            if len(ids) > self.keep:
                id = ids[0]
                self.dropped += ids is self.unsent
                self.last.remove(id)
                self._forget_sent(id)
                del self.answers[id]

    def _forget_sent(self, id):
        if id in self.unsent:
            self.unsent.remove(id)
            self._shorten(id)

    def _shorten(self, id):
        if id in self._long:
            self._long.remove(id)
            event = self.answers[id] = dict(self.answers[id], dropped=True)
            for key in ("result", "out"):
                event.pop(key, None)

    def _append(self, record):
        if self._sent:
            record = dict(record, sent=self._sent)
        if self._journal.size > self.journal_size:
            self._journal.rewrite(self._records())
            self.journal_size = max(self.journal_size, 2 * self._journal.size)
        self._journal.append(record)
        self._sent = []

    def _records(self):
        if self.signed:
            yield {"floor": self.floor, "signed": self.signed}
        # Those not sent last: until its "sent" is read each is one of them, for which is room.
        for id in self.last:
            if id not in self.unsent:
                yield self.answers[id]
                yield {"sent": [id]}
        for id in self.unsent:
            yield self.answers[id]
        for id in self.order:
            yield {"id": id, "cmd": self.open[id]}
            if id in self.begun:
                yield {"id": id, "run": 1}

    def state(self, id):
        """None: unknown. An event: its answer, or that it is under way."""
        with self.lock:
            if id in self.answers:
                return self.answers[id]
            if id in self.open:
                return {"id": id, "st": "running" if id in self.begun else "queued"}

    def accept(self, command):
        with self.lock:
            self._append({"id": command["id"], "cmd": command})
            self._accept(command)

    def begin(self, id):
        with self.lock:
            self._append({"id": id, "run": 1})
            self.begun.add(id)

    def answer(self, event):
        """Returns False if there is an answer already.

        Raises OSError if it is not in the journal; it is in the table all the same.
        """
        with self.lock:
            if event["id"] in self.answers:
                return False
            try:
                self._append(event)
            finally:
                self._answer(event)
            return True

    def resend(self, id):
        """The answer to a command that came again."""
        with self.lock:
            if id in self.answers and id not in self.unsent:
                self.unsent.append(id)

    def sent(self, id):
        """The broker has the answer. The journal is told when there is something else to write."""
        with self.lock:
            if id in self.unsent:
                self._forget_sent(id)
                self._sent.append(id)
