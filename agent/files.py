"""Files to and from the device, and its log.

This file is part of micropython-threading, MIT licence.
"""

import io
import os
import re
import sys
import threading
import time
from binascii import a2b_base64, b2a_base64, hexlify
from hashlib import sha256
from queue import Full

from agent.jobs import Refused
from agent.mqtt import monotonic
from micropython import const

# Bytes of a file, and names of a folder, that one answer has at most.
_PIECE = const(2048)
_NAMES = const(50)

# The log on flash: so many files of so many bytes.
_FILES = const(4)
_SIZE = const(16384)

# Characters of a line of the log, and lines in RAM.
_LINE = const(256)
_LINES = const(64)

# What comes before a value that nobody shall read.
_SECRET = re.compile("(pass|key|token)[^ ,=:]*[\"' ]*[=:]")


class Files:
    """Commands of technicians. Each moves a piece of a file: it may be lost, or come twice.

    disk has the files, None: there are none for technicians; log is read here too.
    """

    def __init__(self, disk, log, reserve):
        self.disk = disk
        self.log = log
        self.reserve = reserve

    def _find(self, command):
        """(the disk, the name on it, the size or None) of a file."""
        path = command.get("path")
        disk = self.log.disk if command.get("log") else self.disk
        if not disk or not isinstance(path, str) or ".." in path or "\0" in path:
            raise Refused("path")
        return disk, path, _size(disk, path)

    def get(self, command):
        """A piece from off on; with the last one the sum of the whole."""
        disk, path, size = self._find(command)
        off = command["off"]
        if size is None:
            raise Refused("no file")
        with open(disk.root + path, "rb") as f:
            f.seek(off)
            data = f.read(_PIECE)
        answer = {"size": size, "data": str(b2a_base64(data), "utf-8").strip()}
        if off + len(data) >= size:
            answer["sha256"] = _sum(disk, path)
        return answer

    def put(self, command):
        """Adds data that belongs at the end of what is there of a file; at 0 it begins anew.

        Says how much that is. Without data also its sum, so that he who goes on knows that he has
        the same. When all is there, and good, it takes the file's place.
        """
        _, path, old = self._find(command)
        folder, _, name = path.rpartition("/")
        if name in ("", "."):
            raise Refused("path")
        if folder and not self.disk.exists(folder + "/"):
            raise Refused("no folder")
        get = command.get
        size, sum, off, data = get("size"), get("sha256"), get("off"), get("data")
        disk = self.disk
        part = path + ".part"
        have = _size(disk, part)
        if have is None and old == size and _sum(disk, path) == sum:
            return {"off": size, "done": True}
        if data is None:
            return {"off": have or 0, "sum": _sum(disk, part)}
        if off and off != have:
            return {"off": have or 0}
        data = a2b_base64(data)
        have = off + len(data)
        if disk.free() < self.reserve + size - off:
            raise Refused("no space")
        if not off:
            disk.remove(part)
        disk.append(part, data)
        if have < size:
            return {"off": have}
        if _sum(disk, part) != sum:
            disk.remove(part)
            raise Refused("sha256")
        disk.rename(part, path)
        self.log.put(20, "%s by %s" % (path, command.get("by")))
        return {"off": have, "done": True}

    def list(self, command):
        """Names in UTF-8 from off on, with their sizes; of what is no file None."""
        disk, path, _ = self._find(command)
        names = []
        for name in sorted(os.listdir((disk.root + path).encode())):
            try:
                names.append(str(name, "utf-8"))
            except UnicodeError:
                pass  # JSON has no such name
        off = command.get("off", 0)
        found = [[name, _size(disk, path + "/" + name)] for name in names[off : off + _NAMES]]
        return {"n": len(names), "names": found}

    def remove(self, command):
        _, path, size = self._find(command)
        if size is None:
            raise Refused("no file")
        self.disk.remove(path)


def _size(disk, path):
    """None if that is no file: what else there is may block for ever who opens it."""
    try:
        s = os.stat(disk.root + path)
        return s[6] if s[0] & 0xF000 == 0x8000 else None
    except OSError:
        pass


def _sum(disk, path):
    h = sha256()
    for piece in disk.pieces(path):
        h.update(piece)
    return str(hexlify(h.digest()), "utf-8")


class Log:
    """Lines `SECONDS LEVEL TEXT`, in a ring on flash, and sent live while somebody asks for it.

    The levels are those of Python's logging. What is below `level` is not kept.
    """

    def __init__(self, disk, timers, client, topic, level=20, hold=30):
        self.disk = disk
        self.timers = timers
        self.client = client
        self.topic = topic
        self.level = level
        self.hold = hold
        self._lock = threading.Lock()
        self._lines = []  # not on flash yet
        self._live = {}  # level from which on it is live: when that ends

    def put(self, level, text):
        """From any thread. It never waits for flash."""
        text = text.replace("\n", " ")[:_LINE]
        secret = _SECRET.search(text.lower())
        if secret:
            secret = secret.group(0)
            text = text[: text.lower().find(secret) + len(secret)] + "***"
        line = "%d %d %s\n" % (time.time(), level, text)
        for low, end in self._live.items():
            if level >= low and monotonic() < end:
                try:
                    self.client.publish(self.topic + str(level), line)
                except Full:
                    pass
                break
        if level < self.level:
            return
        with self._lock:
            self._lines.append(line)
            del self._lines[:-_LINES]
            n = len(self._lines)
        if n == 1:
            self.timers.at(monotonic() + self.hold, self.flush)
        elif n == _LINES // 2:
            self.timers.at(0, self.flush)

    def exception(self, e):
        """For those who have nobody else to tell. What counts is at its end."""
        text = io.StringIO()
        sys.print_exception(e, text)
        self.put(40, text.getvalue()[-_LINE:])

    def flush(self):
        with self._lock:
            data = "".join(self._lines).encode()
            self._lines = []
            if data:
                names = self.disk.names()
                last = names[-1] if names else "00000000"
                try:
                    if names and self.disk.size(last) + len(data) > _SIZE:
                        last = "%08d" % (int(last) + 1)
                        for name in names[: 1 - _FILES]:
                            self.disk.remove(name)
                    self.disk.append(last, data)
                except OSError:
                    pass

    def set(self, command):
        """Live from a level on for some seconds. All is on flash when it returns."""
        level = command.get("level", 0)
        seconds = command.get("for", 0)
        if type(level) is not int or not 0 <= level <= 50:
            raise Refused("level")
        if type(seconds) not in (int, float) or not 0 <= seconds < 1e9:
            raise Refused("for")
        # Others may be reading too.
        self._live[level] = max(self._live.get(level, 0), monotonic() + seconds)
        self.flush()
