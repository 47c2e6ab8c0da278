"""Commands: JSON from the broker, each of which ends in exactly one terminal state.

This file is part of micropython-threading, MIT licence.
"""

import json
import threading
import time
from queue import Full, Queue

from agent import jobs as states
from agent.jobs import Refused, describe
from agent.mqtt import print_exception
from agent.result import is_json

_VERSION = 1

# Before this the clock has never been set: 2025-01-01.
_EPOCH = 1735689600


def clock_is_set():
    return time.time() > _EPOCH


def expired(command):
    """A clock that was never set says nothing about a command's end."""
    exp = command.get("exp")
    return exp is not None and clock_is_set() and time.time() > exp


def is_id(id, longest=64, but="+#/"):
    """It is a level of a topic. Of other characters than these a broker may refuse some."""
    return isinstance(id, str) and 0 < len(id) <= longest and not any(
        c in but or not " " <= c <= "~" for c in id
    )


def parse(text):
    """MicroPython's json takes what was cut for whole: then it does not see what follows. And it
    takes 1e999, which it would write as what it cannot read."""
    value, end = json.loads(b"[" + text + b",0]")
    if end != 0 or not is_json(value):
        raise ValueError
    return value


class Commands:
    """Takes messages from the client's thread, never waits there, and handles them in its own.

    ops has the function of each operation: function(command) returns the result. Those in `plain`
    change nothing, and are done again when they come again; the answers to all others are kept
    under their id. "run" goes to the jobs. A message is acknowledged when it is handled.

    greeted(boot) is called when the server has answered to cmd/get of the start with this number,
    and again() when there is room for messages that found none.

    With opened(text), which gives what was signed or None, what is not in `unsigned` is taken only
    signed, and for one of `names`.
    """

    def __init__(
        self, table, jobs, ops, plain, send, size=32, opened=None, unsigned=(), names=(),
        greeted=lambda boot: None, again=lambda: None,
    ):
        self.opened = opened
        self.unsigned = unsigned
        self.names = names
        self.greeted = greeted
        self.again = again
        self._missed = False
        self.table = table
        self.jobs = jobs
        self.ops = ops
        self.plain = plain
        self.send = send  # (event), for the answers to plain ones
        self.dropped = 0
        self.beat = False
        self._queue = Queue(size)
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._work, name="commands", daemon=True)

    def start(self):
        self.thread.start()

    def on_message(self, message):
        """One that finds no room is not acknowledged: the broker has it, and sends it again."""
        try:
            self._queue.put_nowait(message)
        except Full:
            self.dropped += 1
            self._missed = True

    def kick(self):
        """Has the thread come round once: it sets beat."""
        if self._queue.empty():
            self._queue.put(None)

    def _work(self):
        while True:
            message = self._queue.get()
            self.beat = True
            if message:
                # An answer has to find room.
                while len(self.table.unsent) > self.table.keep // 2:
                    time.sleep(0.1)
                    self.beat = True
                try:
                    if message.retain:  # it would be run again at every connect
                        self._refuse(None, "retained")
                    else:
                        self.handle_text(message.payload)
                except Exception as e:
                    print_exception(e)
                message.ack()
            if self._missed and self._queue.empty():
                self._missed = False
                self.again()

    def handle_text(self, text):
        signed = False if self.opened else None
        if self.opened and text[:9] == b"untrusted":
            text = self.opened(text)
            if text is None:
                self._refuse(None, "signature")
                return
            signed = True
        try:
            command = parse(text)
        except (ValueError, RuntimeError):  # too deep
            command = None
        if isinstance(command, dict) and isinstance(command.get("cmds"), list):
            self.greeted(command.get("boot"))
            for each in command["cmds"]:  # the answer to cmd/get
                try:
                    if isinstance(each, str):
                        self.handle_text(each.encode())
                    else:
                        self.handle(each, signed)
                except Exception as e:
                    print_exception(e)
        else:
            self.handle(command, signed)

    def handle(self, command, signed=None):
        """What it returns is the command's state. signed is None for those that begin here."""
        id = command.get("id") if isinstance(command, dict) else None
        if not is_id(id):
            return self._refuse(None, "malformed")
        with self._lock:
            known = self.table.state(id)
            if known is None:
                return self._handle_new(id, command, signed)
        if id in self.table.answers:
            self.table.resend(id)
            self.jobs.answered()
        else:
            self.send(known)
        return known["st"]

    def _refuse(self, id, reason):
        self.send({"id": id, "st": states.REJECTED, "reason": reason})
        return states.REJECTED

    def _not_allowed(self, id, command, signed):
        """Why not. Who may not send commands has no flash written."""
        command.pop("signed", None)
        if signed:
            exp = command["signed"] = command.get("exp")
            if command.get("to") not in self.names:
                return "to"
            if not isinstance(exp, int):
                return "exp"
            if self.table.replayed(id, exp):
                return "replayed"
        elif signed is False and (command.get("op") not in self.unsigned or "argv" in command):
            return "not signed"

    def _handle_new(self, id, command, signed):
        reason = self._not_allowed(id, command, signed)
        if reason:
            return self._refuse(id, reason)
        op = command.get("op")
        state, fields = states.SUCCEEDED, {}
        if op not in self.plain:
            self.jobs.log(20, "%s %s by %s" % (id, op, command.get("by")))
        try:
            if command.get("v", _VERSION) > _VERSION:
                raise Refused("version")
            if not isinstance(command.get("args", {}), dict):
                raise Refused("args")
            if expired(command):
                raise Refused("expired")
            if op in ("run", "sh.open", "repl.open", "ota"):
                self.jobs.submit(command)
                return "queued"
            function = self.ops.get(op)
            if function is None:
                raise Refused("unsupported")
            fields = {"result": function(command)}
        except Refused as e:
            state, fields = states.REJECTED, {"reason": str(e)}
        except Exception as e:
            # As wrong as its arguments may be, a command has its answer.
            state, fields = states.FAILED, {"reason": describe(e)}
        if op in self.plain:
            self.send(dict(fields, id=id, st=state))
        else:
            if signed:
                fields["signed"] = command["signed"]
            self.jobs.answer(id, state, **fields)
        return state
