"""A board whose flash is in memory, for agent/upgrade.py: its launcher, its server, its versions.

    board = Board(disk, manifest, payload)
    board.setup({"a": {"micropython": b"..."}})
    board.run()                          # the command's end: (state, result or reason)
"""

import json
import struct
from binascii import hexlify
from hashlib import sha256

from agent import upgrade
from agent.jobs import Failed, Refused


class Restart(BaseException):
    def __init__(self, status):
        self.status = status


def hexsum(data):
    return str(hexlify(sha256(data).digest()), "utf-8")


def compressed(data):
    """A zlib stream of stored blocks: the interpreter may lack the compressor."""
    a, b = 1, 0
    for byte in data:
        a = (a + byte) % 65521
        b = (b + a) % 65521
    out = b"\x48\x0d"
    for at in range(0, len(data), 65535):
        block = data[at : at + 65535]
        n = len(block)
        last = at + 65535 >= len(data)
        out += struct.pack("<BHH", last, n, n ^ 65535) + block
    return out + struct.pack(">HH", b, a)


def frame(old, *records):
    """Each record is (bytes to add, bytes, seek)."""
    data = b"".join(
        struct.pack("<iii", len(add), len(extra), seek) + add + extra
        for add, extra, seek in records
    )
    data = compressed(data)
    return struct.pack("<II", len(data), old) + data


def full(data, size=65536):
    return b"".join(
        frame(0, (b"", data[at : at + size], 0)) for at in range(0, len(data), size)
    )


class Client:
    connected = True
    reached = True

    def __init__(self, board):
        self.board = board

    def publish(self, topic, payload, *rest):
        request = json.loads(payload)
        self.board.requests += 1
        data = self.board.payload[request["off"] :][: request["len"]]
        up = self.board.upgrades
        up.feed(request["id"], str(request["off"]), data)


class Job:
    def __init__(self, id):
        self.id = id
        self.told = []

    def progress(self, percent, text):
        self.told.append((percent, text))

    def on_end(self, wake):
        pass

    def canceled(self):
        return False

    def wait(self, seconds):
        return False


class Jobs:
    def drain(self, job, seconds):
        pass


class Timers:
    def at(self, when, function):
        self.next = function


class Board:
    """What agent/upgrade.py sees of an agent."""

    prefix = "d/dut/"
    boot = 1
    all_beat = True
    rescue = False

    def __init__(self, disk, manifest=None, payload=b"", healthy=True):
        self.disk = disk
        self.manifest = manifest
        self.payload = payload
        self.healthy = healthy
        self.config = {"hw": "board", "reserve": 0, "max_timeout": 1000, "utc_offset": 0,
                       "trial": 9}
        self.client = Client(self)
        self.jobs = Jobs()
        self.timers = Timers()
        self.requests = 0
        self.starts = []
        self.end = None

    def setup(self, files):
        for slot, content in files.items():
            self.disk.seen[slot] = self.disk.synced[slot] = None
            for name, data in content.items():
                self.disk.append(slot + "/" + name, data)

    def greet(self):
        if self.healthy or self.upgrades.slot == "a":
            self.upgrades.greeted()

    def exit(self, status):
        raise Restart(status)

    def launch(self):
        """One start, as the launcher makes it."""
        data = self.disk.read("boot") or upgrade.record("a")
        active, trial, tries = chr(data[1]), chr(data[2]), data[3]
        slot = active
        if trial != "-":
            if tries:
                self.disk.replace("boot", upgrade.record(active, trial, tries - 1))
                slot = trial
            else:
                self.disk.replace("boot", upgrade.record(active))
        self.starts.append(slot)
        try:
            self.agent(slot)
            return False
        except Restart as e:
            if e.status != 75:
                data = self.disk.read("boot")
                if chr(data[2]) == slot:
                    rest = max(data[3] - 1, 0)
                    self.disk.replace("boot", upgrade.record(chr(data[1]), slot, rest))
                self.disk.replace("crash", (slot + " exit %d\n" % e.status).encode())
            return True

    def agent(self, slot):
        up = self.upgrades = upgrade.Upgrades(self, lambda text: text, None)
        up.slot = slot
        if slot:
            up.meta = up._meta(slot)
        up._smoke = lambda job, m: None
        up.start()
        looks = 0
        while not up._decided.is_set():
            # The timers' thread.
            looks += 1
            if looks == 5:
                up._until = 0
            self.timers.next()
        self.job = Job("u")
        try:
            function = up.resolve({"id": "u", "manifest": json.dumps(self.manifest)})
            self.end = "succeeded", function(self.job)
        except Failed as e:
            self.end = "failed", e.reason
        except Refused as e:
            self.end = "rejected", str(e)

    def run(self):
        """Until the command has its end."""
        while self.launch():
            pass
        return self.end
