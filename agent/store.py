"""What the agent keeps on flash: whole files, a journal, and messages that wait for the broker.

    disk = Disk("/data/agent")
    disk.replace("conf.json", data)      # the old content or the new one, whenever power goes
    journal = Journal(disk, "jobs")
    list(journal.read())                 # what was appended
    journal.append({"id": "j-1"})        # on flash when it returns

All writing goes through Disk, in steps that a test can stop between. docs/agent.md describes the
files, and what is left of them when power goes.

This file is part of micropython-threading, MIT licence.
"""

import json
import os
import struct
import threading
from binascii import crc32
from queue import Full

import posix
from agent.mqtt import monotonic
from micropython import const

# A file takes at least so much flash.
_BLOCK = const(4096)

# Seconds until the next attempt when send() takes nothing.
_AGAIN = const(1)

# What may be long is read and written in pieces of about so many bytes: the heap is small.
_PIECE = const(1024)


class Disk:
    """Files under one folder. Names are relative to it.

    The methods with a leading underscore are the steps between which power may go.
    """

    def __init__(self, root):
        self.root = root.rstrip("/") + "/"

    def _write(self, name, mode, data, at=0):
        with open(self.root + name, mode) as f:
            if at:
                f.seek(at)
            while data:  # what is short is an error the next time
                data = data[f.write(data) :]

    def _sync(self, name):
        """A file or a folder is on flash."""
        with open(self.root + name, "rb") as f:
            f.flush()

    def _rename(self, old, new):
        os.rename(self.root + old, self.root + new)

    def _link(self, old, new):
        posix.link(self.root + old, self.root + new)

    def _chmod(self, name, mode):
        posix.chmod(self.root + name, mode)

    def _remove(self, name):
        os.remove(self.root + name)

    def _mkdir(self, name):
        os.mkdir(self.root + name)

    def _rmdir(self, name):
        os.rmdir(self.root + name)

    def names(self, folder=""):
        """Files and folders, in order; none if there is no such folder."""
        try:
            return sorted(os.listdir(self.root + folder))
        except OSError:
            return []

    def exists(self, name):
        try:
            os.stat(self.root + name)
            return True
        except OSError:
            return False

    def read(self, name):
        """The content, None if there is no such file."""
        try:
            with open(self.root + name, "rb") as f:
                return f.read()
        except OSError as e:
            if e.errno != 2:
                raise
            return None

    def open(self, name):
        return open(self.root + name, "rb")

    def pieces(self, name):
        """The content piece by piece; nothing if there is no such file."""
        if self.exists(name):
            with self.open(name) as f:
                while True:
                    piece = f.read(_PIECE)
                    if not piece:
                        break
                    yield piece

    def is_here(self, name):
        """Whether the working folder is this one, by whatever name."""
        try:
            return os.stat(self.root + name)[1:3] == os.stat(".")[1:3]
        except OSError:
            return False

    def size(self, name):
        return os.stat(self.root + name)[6]

    def free(self):
        """Bytes that can still be written."""
        s = os.statvfs(self.root)
        return s[1] * s[4]

    def make_folder(self, name):
        if not self.exists(name):
            self._mkdir(name)
            self._sync(_folder(name))

    def append(self, name, data, sync=True):
        """Adds to a file. If power goes, any part of data may be there, from its beginning.

        Without sync it is there for others to read, and anything may be there when power goes.
        """
        new = not self.exists(name)
        self._write(name, "ab", data)
        if sync:
            self._sync(name)
            if new:
                self._sync(_folder(name))

    def write_at(self, name, at, pieces):
        """Puts bytes into a file from at on, where it may have others; how many, when they are on flash."""
        made = 0
        new = not at
        for piece in pieces:
            self._write(name, "r+b" if at else "wb", piece, at)
            at += len(piece)
            made += len(piece)
        self._sync(name)
        if new:
            self._sync(_folder(name))
        return made

    def link(self, old, new):
        """A second name of a file."""
        self._link(old, new)
        self._sync(_folder(new))

    def set_mode(self, name, mode):
        self._chmod(name, mode)
        self._sync(name)

    def replace(self, name, data):
        """Gives a file a new content: bytes, or an iterable of them. If power goes, it has the old

        one or the new one.
        """
        mode = "wb"
        for piece in (data,) if isinstance(data, bytes) else data:
            self._write(name + ".new", mode, piece)
            mode = "ab"
        self._sync(name + ".new")
        self.rename(name + ".new", name)

    def rename(self, old, new):
        self._rename(old, new)
        self._sync(_folder(new))

    def remove(self, name):
        """The file may be back if power goes soon."""
        try:
            self._remove(name)
        except OSError as e:
            if e.errno != 2:
                raise

    def remove_folder(self, name):
        """If it is empty."""
        try:
            self._rmdir(name)
        except OSError:
            pass


def _folder(name):
    return name.rpartition("/")[0]


def load(disk, name, default):
    """The JSON of a file that was written with save(); default if there is none."""
    data = disk.read(name)
    try:
        return default if data is None else json.loads(data)
    except ValueError:  # better without it than no agent
        return default


def save(disk, name, value):
    disk.replace(name, json.dumps(value).encode())


class Journal:
    """Records, JSON each, in the order in which they were appended. read() comes first, whole."""

    def __init__(self, disk, name):
        self.disk = disk
        self.name = name
        self.size = 0  # bytes that are valid
        self._damaged = False  # there are others behind them

    def read(self):
        """Yields the records of the longest valid prefix."""
        self.size = 0
        self._damaged = True
        rest = b""
        for piece in self.disk.pieces(self.name):
            rest += piece
            while b"\n" in rest:
                line, _, rest = rest.partition(b"\n")
                if line[:9] != b"%08x " % crc32(line[9:]):
                    return
                self.size += len(line) + 1
                try:
                    record = json.loads(line[9:])
                except ValueError:  # better without it than no agent
                    continue
                yield record
        self._damaged = rest != b""

    def _valid(self):
        left = self.size
        for piece in self.disk.pieces(self.name):
            yield piece[:left]
            left -= min(left, len(piece))

    @staticmethod
    def _line(record):
        text = json.dumps(record).encode()
        return b"%08x %s\n" % (crc32(text), text)

    def append(self, record):
        """On flash when it returns; if it raises, the journal is as it was."""
        line = self._line(record)
        if self._damaged:
            self.disk.replace(self.name, self._valid())
        self._damaged = True
        self.disk.append(self.name, line)
        self._damaged = False
        self.size += len(line)

    def rewrite(self, records):
        """These are the records from now on."""
        self._damaged = True
        sizes = []
        self.disk.replace(self.name, self._pieces(records, sizes))
        self.size = sum(sizes)
        self._damaged = False

    def _pieces(self, records, sizes):
        piece = b""
        for record in records:
            piece += self._line(record)
            if len(piece) >= _PIECE:
                sizes.append(len(piece))
                yield piece
                piece = b""
        sizes.append(len(piece))
        yield piece


class _Segment:
    """A file of messages, and how far it has been sent."""

    def __init__(self, name, used):
        self.name = name
        self.used = used  # bytes
        self.messages = None  # those not sent yet, once it is being sent
        self.left = 0  # those without an acknowledgement
        self.open = False  # written by this run, hence whole: more may be appended


class Ring:
    """Messages that wait for the broker, in classes: the higher, the longer they are kept.

    put() takes them from any thread and never waits for flash. While the broker is there they go
    through RAM alone. Else they are written to segments of flash: when they fill one, and hold
    seconds after the first. What does not fit is dropped, oldest first, from the lowest class;
    dropped counts it by class.

    work(online), called by one thread alone, sends and writes what is due. It sends through
    send(topic, payload, done), which may raise queue.Full, the higher classes first and each in
    order, window at a time, and removes a segment when done() was called for all that it held.
    """

    def __init__(
        self, disk, folder, send, classes=3, limit=262144, segment=4096, window=4, hold=30
    ):
        self.disk = disk
        self.folder = folder
        self.send = send
        self.limit = limit
        self.segment = segment
        self.window = window
        self.hold = hold
        self.dropped = [0] * classes
        # The lock guards what follows; the segments are the working thread's.
        self.changed = threading.Condition()
        self.changes = 0  # what the working thread has to look at
        self._ram = [[] for _ in range(classes)]
        self._ram_bytes = 0
        self._since = None  # when the oldest of them was put
        self._flying = []  # sent, not acknowledged, not on flash, as _take() gives them
        self._flights = 0  # these and those from flash
        self._segments = [[] for _ in range(classes)]
        self._number = 0
        for name in disk.names(folder):
            try:
                kind, number = map(int, name.split("-"))
                line = self._segments[kind]
            except (ValueError, IndexError):
                continue  # not ours
            self._number = max(self._number, number)
            name = folder + "/" + name
            line.append(_Segment(name, disk.size(name)))

    def put(self, kind, topic, payload):
        if isinstance(payload, str):
            payload = payload.encode()
        message = (topic, payload)
        with self.changed:
            self._ram[kind].append(message)
            self._ram_bytes += _size(message)
            if self._since is None:
                self._since = monotonic()
            # The working thread is behind.
            while self._ram_bytes > 4 * self.segment:
                kind = min(k for k, line in enumerate(self._ram) if line)
                self._ram_bytes -= _size(self._ram[kind].pop(0))
                self.dropped[kind] += 1
            self.notify()

    def notify(self):
        """With the lock: there is something to do for the working thread."""
        self.changes += 1
        self.changed.notify()

    def waiting(self):
        """Segments on flash and messages in RAM."""
        with self.changed:
            return sum(map(len, self._segments)), sum(map(len, self._ram)) + len(self._flying)

    def work(self, online):
        """Does what is due; returns after how many seconds something will be, or None."""
        sent = online
        while sent:
            sent = self._send_one()
        again = _AGAIN if sent is None else None
        for line in self._segments:
            while line and line[0].messages == [] and not line[0].left:
                self._discard(line.pop(0))
        with self.changed:
            if self._since is None:
                if online or not self._flying:
                    return again
                self._since = monotonic()
            full = self._ram_bytes >= (2 * self.segment if online else self.segment)
            rest = self._since + self.hold - monotonic()
            if not full and (online or rest > 0):
                return again if online else rest
        if online:
            self._spill()
        else:
            self.flush()
        return again

    def flush(self):
        """Writes all that is in RAM, also what was sent and may not have arrived: that is sent

        twice then.
        """
        with self.changed:
            flying, self._flying = self._flying, []
            for _, kind, message in reversed(flying):
                self._ram[kind].insert(0, message)
        self._spill()

    def _send_one(self):
        """Whether there was one to send; None if send() does not take it."""
        flight = self._take()
        if flight is None:
            return False
        segment, kind, message = flight
        try:
            self.send(message[0], message[1], lambda: self._landed(flight))
            return True
        except Full:
            with self.changed:
                self._flights -= 1
                if segment:
                    segment.messages.insert(0, message)
                else:
                    self._flying.remove(flight)
                    self._ram[kind].insert(0, message)
                    self._ram_bytes += _size(message)
            return None

    def _take(self):
        """The next message: (its segment or None, class, message), None if there is none."""
        for kind in reversed(range(len(self._ram))):
            segment = self._unsent(kind)
            with self.changed:
                if self._flights >= self.window:
                    return None
                if segment:
                    flight = (segment, kind, segment.messages.pop(0))
                elif self._ram[kind]:
                    flight = (None, kind, self._ram[kind].pop(0))
                    self._ram_bytes -= _size(flight[2])
                    self._flying.append(flight)
                    if not any(self._ram):
                        self._since = None
                else:
                    continue
                self._flights += 1
                return flight
        return None

    def _landed(self, flight):
        with self.changed:
            self._flights -= 1
            if flight[0]:
                flight[0].left -= 1
            elif flight in self._flying:
                self._flying.remove(flight)
            self.notify()

    # For the working thread

    def _unsent(self, kind):
        """The first segment of which something is not sent yet."""
        for segment in self._segments[kind]:
            if segment.messages is None:
                segment.messages = self._load(segment)
                segment.left = len(segment.messages)
                segment.open = False
            if segment.messages:
                return segment

    def _load(self, segment):
        """What was written whole."""
        data = self.disk.read(segment.name) or b""
        messages = []
        at = 0
        while at + 10 <= len(data):
            n, m, crc = struct.unpack_from("!HII", data, at)
            at += 10 + n + m
            body = data[at - n - m : at]
            # Zeros, as power leaves them, are no message, though their sum would be right.
            if not n or len(body) < n + m or crc32(body) != crc:
                break
            messages.append((str(body[:n], "utf-8"), body[n:]))
        return messages

    def _spill(self):
        with self.changed:
            lines, self._ram = self._ram, [[] for _ in self._ram]
            self._ram_bytes = 0
            self._since = None
        for kind in reversed(range(len(lines))):
            line = lines[kind]
            while line:
                n, data = 0, b""
                while n < len(line) and (not n or len(data) + _size(line[n]) <= self.segment):
                    data += _encode(line[n])
                    n += 1
                if not self._write(kind, data):
                    self.dropped[kind] += n
                line = line[n:]

    def _write(self, kind, data):
        """Whether there was room, at the expense of what is older and not of a higher class."""
        while True:
            segments = self._segments[kind]
            segment = segments[-1] if segments else None
            if not segment or not segment.open or segment.used + len(data) > self.segment:
                segment = _Segment("%s/%d-%08d" % (self.folder, kind, self._number + 1), 0)
            total = sum(_flash(s.used) for line in self._segments for s in line if s != segment)
            if total + _flash(segment.used + len(data)) <= self.limit:
                if not segment.used:
                    self._number += 1
                    segments.append(segment)
                try:
                    self.disk.append(segment.name, data)
                    segment.used += len(data)
                    segment.open = True
                    return True
                except OSError:  # no space
                    segment.open = False  # its end may be damaged
                    if not segment.used:
                        segments.remove(segment)
                        self._discard(segment)
            if not self._drop(kind):
                return False

    def _discard(self, segment):
        try:
            self.disk.remove(segment.name)
        except OSError:
            pass

    def _drop(self, kind):
        """Removes the oldest segment of the lowest class, up to this one."""
        for k in range(kind + 1):
            if self._segments[k]:
                segment = self._segments[k].pop(0)
                if segment.messages is None:
                    segment.messages = self._load(segment)
                self.dropped[k] += len(segment.messages)
                self._discard(segment)
                return True
        return False


def _size(message):
    return 10 + len(message[0]) + len(message[1])


def _flash(size):
    return -(-size // _BLOCK) * _BLOCK


def _encode(message):
    topic = message[0].encode()
    body = topic + message[1]
    return struct.pack("!HII", len(topic), len(message[1]), crc32(body)) + body
