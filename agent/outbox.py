"""The thread that sends answers and stored messages while the broker is there, and writes to flash
what has to wait.

This file is part of micropython-threading, MIT licence.
"""

import json
import threading
from queue import Full

from agent.mqtt import print_exception
from agent.result import FAILED

# Answers that wait for the broker's acknowledgement at once.
_WINDOW = 4

# Seconds until the next attempt when the client's queue is full of others' messages.
_AGAIN = 1


class Outbox:
    def __init__(self, client, table, ring, topic):
        self.client = client
        self.table = table
        self.ring = ring
        self.topic = topic  # of a command's events
        self._flying = set()  # ids
        self._greeting = None
        self._acked = []  # ids, from the client's thread
        self._stopping = False
        self.beat = False
        self.thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        """Writes what is in RAM."""
        self._stopping = True
        self.kick()
        self.thread.join()
        self.ring.flush()

    def kick(self):
        """There is something to send, or the broker has come or gone."""
        with self.ring.changed:
            self.ring.notify()

    def greet(self, function):
        """The broker has come: function() publishes what is said first, a new one every time."""
        self._greeting = function
        self.kick()

    def event(self, event):
        """Sends what is not an answer: now or never."""
        if self.client.connected:
            try:
                self._publish(event, 1, None)
            except Full:
                pass

    def _publish(self, event, qos, done):
        topic = self.topic + (event["id"] or "-")
        try:
            self.client.publish(topic, json.dumps(event), qos=qos, urgent=True, done=done)
        except (ValueError, MemoryError) as e:  # too long, or for now
            if event["st"] == "running" or done and isinstance(e, MemoryError):
                raise
            event = {"id": event["id"], "st": FAILED, "reason": "the result is too long"}
            self._publish(event, qos, done)

    def _run(self):
        while not self._stopping:
            self.beat = True
            with self.ring.changed:
                seen = self.ring.changes
            try:
                room = self._answers()
                rest = self.ring.work(self.client.connected)
            except Exception as e:
                print_exception(e)
                room = False
            if not room:
                rest = _AGAIN
            with self.ring.changed:
                if self.ring.changes == seen:
                    self.ring.changed.wait(rest)

    def _answers(self):
        """Whether the client's queue had room."""
        while self._acked:
            id = self._acked.pop(0)
            self._flying.discard(id)
            self.table.sent(id)
        if self.client.connected:
            greeting = self._greeting
            if greeting:
                try:
                    greeting()
                except Full:
                    return False
                if self._greeting is greeting:
                    self._greeting = None
            for id in list(self.table.unsent):
                if len(self._flying) >= _WINDOW:
                    break
                event = self.table.state(id)
                if id not in self._flying and event:
                    try:
                        self._publish(event, 1, self._landed(id))
                    except Full:
                        return False
                    self._flying.add(id)
        return True

    def _landed(self, id):
        def landed():
            self._acked.append(id)
            self.kick()

        return landed
