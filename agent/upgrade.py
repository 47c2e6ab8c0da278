"""Upgrades over the air: the new version into the free slot, on trial, for good when it is healthy.

docs/upgrade.md has the states, what an image is made of, and what is left when power goes.

This file is part of micropython-threading, MIT licence.
"""

import json
import os
import select
import struct
import sys
import threading
import time
from binascii import crc32, hexlify
from hashlib import sha256
from io import BytesIO
from queue import Full

import posix
from agent.commands import clock_is_set
from agent.jobs import Failed, Refused, describe
from agent.mqtt import monotonic, print_exception
from agent.release import VERSION
from agent.store import load, save
from deflate import ZLIB, DeflateIO
from micropython import const

# What is fetched at once, how many of that may be under way, and after how many seconds it is asked
# for again: first, and at most.
_CHUNK = const(4096)
_WINDOW = const(4)
_AGAIN = const(5)
_LONGEST = const(300)

# A frame of the payload makes so many bytes of the new file at most, and is itself no longer than that.
_FRAME = const(65536)
_PACKED = const(66000)

# So often a frame may be bad.
_BAD = const(3)

# The tries of a trial, and how often the server is greeted in the time that it has.
_TRIES = const(6)
_LOOKS = const(30)

# For the smoke test, and for other jobs to end, seconds.
_SMOKE = const(30)
_DRAIN = const(30)

# The exit status that asks the launcher for another start, and that of a version that is not healthy.
_START_AGAIN = const(75)
_UNHEALTHY = const(70)

# So many manifests are remembered, that none comes a second time.
_IDS = const(16)

_RUNTIME = "micropython"
_BUNDLE = "agent.romfs"


def _number(version):
    """To compare versions by."""
    return tuple(int(part) for part in version.split("."))


def record(active, trial="-", tries=0):
    """The launcher's boot record."""
    head = struct.pack("BBBB", 1, ord(active), ord(trial), tries)
    return head + struct.pack("<I", crc32(head))


def unpacked(packed, base, old, left):
    """Yields what a frame makes, left bytes at most, in pieces. ValueError, IndexError: it is none."""
    stream = DeflateIO(packed, ZLIB)

    def read(n):
        data = bytearray(n)
        try:
            if stream.readinto(data) == n:
                return data
        except (OSError, EOFError):  # not deflated, not its sum, not whole
            pass
        raise ValueError

    while True:
        try:
            head = stream.read(12)
        except (OSError, EOFError):
            raise ValueError
        if not head:
            return
        diff, extra, seek = struct.unpack("<iii", head)
        left -= diff + extra
        if diff < 0 or extra < 0 or diff + extra == 0 or left < 0 or old < 0:
            raise ValueError
        if diff:
            base.seek(old)
        for rest in range(diff, 0, -1024):
            data = read(min(rest, 1024))
            was = base.read(len(data))
            for i in range(len(data)):
                data[i] = data[i] + was[i] & 255
            yield data
        for rest in range(extra, 0, -1024):
            yield read(min(rest, 1024))
        old += diff + seek


class Upgrades:
    """agent is what connects the parts: it has all_beat, greet() and exit(status) besides these.

    opened(text) gives what was signed, or None; without it nothing is taken.
    """

    def __init__(self, agent, opened, config_file):
        self.agent = agent
        self.opened = opened or (lambda text: None)
        self.config_file = config_file
        self.disk = agent.disk
        # The slot that this version runs from. None: there is no launcher, or it is the rescue, which
        # makes the next version of what the active slot has.
        self.slot = self._find_slot()
        self.meta = self._meta(self.slot)
        if agent.rescue:
            self.meta = dict(self._meta(self._boot()[0]), id=None)
        self.answered = False  # the server has, to this boot
        self.id = None  # of the manifest under way
        self._percent = None  # as told last
        self._chunks = {}  # offset: bytes, or how many were asked for
        self._changed = threading.Condition()
        self._decided = threading.Event()  # this version stays
        self._leaving = False

    def start(self):
        """Before any job begins."""
        active, trial = self._boot()
        if self.slot and trial == self.slot:
            self._on_flash(self._note_trial)
            self._until = monotonic() + self.agent.config["trial"]
            self._look()
        else:
            if self.slot == active:
                self._on_flash(self._settle)
            self._decided.set()

    def _on_flash(self, function):
        """What fails now, for want of space, is done at the next start."""
        try:
            function()
        except OSError as e:
            print_exception(e)

    def _exit(self, status):
        self._leaving = True
        self.agent.exit(status)

    # What is on flash

    def _find_slot(self):
        for name in ("a", "b"):
            if self.disk.is_here(name):
                return name

    def _meta(self, slot):
        """Of a slot: "id" of the manifest it came with, and the versions of "app" and "runtime"."""
        meta = slot and load(self.disk, slot + "/meta.json", None)
        return meta or {"id": None, "app": VERSION, "runtime": "0"}

    def _boot(self):
        """The active slot, and the one on trial."""
        data = self.disk.read("boot") or b""
        if len(data) == 8 and crc32(data[:4]) == struct.unpack_from("<I", data, 4)[0]:
            return chr(data[1]), chr(data[2])
        return "a", "-"

    def _floor(self):
        """The versions below which none is taken, and the ids that are not taken any more."""
        m = self.meta
        return load(self.disk, "floor", {"app": m["app"], "runtime": m["runtime"], "ids": []})

    def _stage(self):
        """How far the last manifest has come: "id"; where in the payload the next frame is, and what

        the head of that says: at, n, old; how much there is of the new file: out; how many bytes may
        still come: limit; whether it was tried.
        """
        return load(self.disk, "stage/state", {"id": None})

    def _note_trial(self):
        stage = self._stage()
        if stage["id"] == self.meta["id"] and "tried" not in stage:
            save(self.disk, "stage/state", dict(stage, tried=True))

    def _remember(self, id, **versions):
        floor = self._floor()
        if id not in floor["ids"]:
            floor["ids"] = [id] + floor["ids"][: _IDS - 1]
            save(self.disk, "floor", dict(floor, **versions))

    def _wipe(self, folder):
        for name in self.disk.names(folder):
            name = folder + "/" + name
            try:
                self.disk.remove(name)
            except OSError:
                self._wipe(name)
        self.disk.remove_folder(folder)

    def _sum(self, name):
        h = sha256()
        for piece in self.disk.pieces(name):
            h.update(piece)
        return str(hexlify(h.digest()), "utf-8")

    def greeted(self):
        """The server has answered to this boot; from the commands' thread."""
        if not self.answered:
            self.answered = True
            self.agent.timers.at(0, self._look)

    # On trial, in the timers' thread

    def _look(self):
        """Whether it is healthy: then it stays."""
        if self._decided.is_set() or self._leaving:
            return
        left = self._until - monotonic()
        client = self.agent.client
        status = _UNHEALTHY
        if not self.answered:
            why = "no answer of the server"
            if not client.connected and not client.reached:
                status = _START_AGAIN  # a network that is gone is no crash
        elif not self.agent.all_beat:
            why = "a thread does not beat"
        else:
            try:
                self.disk.replace("boot", record(self.slot))
            except OSError as e:
                why = describe(e)
            else:
                self._decided.set()
                return
        if left > 0:
            pause = 1
            if not self.answered:
                self.agent.greet()
                pause = self.agent.config["trial"] / _LOOKS
            self.agent.timers.at(monotonic() + min(left, pause), self._look)
        else:
            print("not healthy:", why, file=sys.stderr)
            self._exit(status)

    def _give_back(self, job):
        """The command was canceled: the old version runs again, and answers."""
        if self._decided.is_set() or self._leaving:
            return
        status = _START_AGAIN
        try:
            self.disk.replace("crash", (self.slot + " canceled\n").encode())
            self.disk.replace("boot", record(self._boot()[0]))
        except OSError:
            status = _UNHEALTHY
        self.agent.jobs.drain(job, 0)
        self._exit(status)

    def _settle(self):
        """What follows from a trial that has ended well; after each start again, for power may go."""
        m = self.meta
        if m["id"] and m["id"] == self._stage()["id"]:
            self._remember(m["id"], app=m["app"], runtime=m["runtime"])
            other = "b" if self.slot == "a" else "a"
            if self._meta(other)["runtime"] != m["runtime"]:
                self._wipe(other)

    # The command

    def resolve(self, command):
        """What runs it: function(job). Raises Refused."""
        text = self.opened(str(command.get("manifest")).encode())
        if text is None:
            raise Refused("signature")
        try:
            m = json.loads(text)
            kind = m["kind"]
            m["file"] = _BUNDLE if kind == "app" else _RUNTIME
            m["what"] = what = "runtime" if kind == "runtime" else "app"
            number = _number(m["version"])
            least = _number(m.get("min_from", "0"))
            window = m.get("window") or (0, 0)
            good = kind in ("app", "runtime", "all") and len(window) == 2 and all(
                type(value) is type(like) for value, like in (
                    (m["id"], ""), (m["size"], 0), (m["packed"], 0), (m["sha256"], ""),
                    (m["hw"], ""), (m.get("max_bytes", 0), 0), (window[0], 0), (window[1], 0),
                )
            )
        except Exception:
            good = False
        if not good:
            raise Refused("malformed")
        if self.meta["id"] != m["id"] != self._stage()["id"]:
            floor = self._floor()
            if not self.slot and not self.agent.rescue:
                raise Refused("no launcher")
            if m["hw"] != self.agent.config["hw"]:
                raise Refused("hw")
            if m["id"] in floor["ids"]:
                raise Refused("replayed")
            if number <= _number(floor[what]) and not m.get("allow_downgrade"):
                raise Refused("downgrade")
            if _number(self.meta[what]) < least:
                raise Refused("min_from")
        if self.id or self.meta["id"] != m["id"] and not self._decided.is_set():
            raise Refused("busy")
        command["idem"] = True  # it goes on after a restart
        command.setdefault("timeout", self.agent.config["max_timeout"])
        m["text"] = command["manifest"].encode()
        return lambda job: self._run(job, m)

    def _run(self, job, m):
        with self._changed:
            if self.id:
                raise Refused("busy")
            self.id = m["id"]
        job.on_end(self.ask_again)
        try:
            if self.meta["id"] != m["id"]:
                self._upgrade(job, m)
            # This is the new version.
            job.decided = self._decided.is_set
            job.on_end(lambda: self.agent.timers.at(0, lambda: self._give_back(job)))
            while not self._decided.wait(1):
                self._tell(job, "checking")
            self._on_flash(self._settle)
            return {"version": m["version"], "kind": m["kind"]}
        except OSError as e:
            self._on_flash(self._clear)
            raise Failed("no space" if e.errno == 28 else describe(e))
        except Failed:
            self._on_flash(self._clear)
            raise
        finally:
            self.id = None
            self._chunks.clear()

    def _clear(self):
        """Of what has failed nothing is left but, if it was on trial, that it was."""
        self._wipe("new")
        self._wipe("old")
        if "tried" not in self._stage():
            self._wipe("stage")

    def _go_on(self, job):
        if job.canceled():
            raise Failed("asked to end")

    def _tell(self, job, text, percent=100):
        if (percent, text) != self._percent and self.agent.client.connected:
            self._percent = percent, text
            job.progress(percent, text)

    def _upgrade(self, job, m):
        """In the old version. Does not return."""
        disk = self.disk
        slot = self.slot or self._boot()[0]
        free = "b" if slot == "a" else "a"
        self._disarm(slot)
        stage = self._stage()
        if stage["id"] != m["id"]:
            for folder in ("stage", "new", "old"):
                self._wipe(folder)
            if m["kind"] != "app":
                self._wipe(free)  # two of them and a new one may be too much
            disk.make_folder("stage")
            stage = {"id": m["id"], "at": 0, "n": 0, "old": 0, "out": 0}
            save(disk, "stage/state", stage)
        elif "tried" in stage:
            self._rolled_back(m["id"], slot, free)
        if self._meta(free)["id"] != m["id"]:
            disk.make_folder("new")
            self._fetch(job, m, stage, slot + "/" + m["file"])
            self._complete(m, slot)
            self._smoke(job, m)
            self._wait_for_window(job, m.get("window"))
            self._go_on(job)  # for the last time: the slot is not taken back
            self._wipe("old")
            if disk.exists(free):
                disk.rename(free, "old")
            disk.rename("new", free)
            self._wipe("old")
        self._tell(job, "installing")
        disk.remove("crash")
        try:
            disk.replace("boot", record(slot, free, _TRIES))
        except OSError:
            if self._boot()[1] != free:
                raise
        # The next start is that of the new version, whatever fails from here on.
        self._on_flash(lambda: save(disk, "stage/state", dict(stage, tried=True)))
        self.agent.jobs.drain(job, _DRAIN)
        self._exit(_START_AGAIN)
        threading.Event().wait()  # this process ends

    def _disarm(self, slot):
        """The record names the slot that runs: the launcher may have left it for this one, or had no

        space to end a trial. There is no answer before that.
        """
        while self._boot() != (slot, "-"):
            try:
                self.disk.replace("boot", record(slot))
            except OSError as e:
                print_exception(e)
                time.sleep(_AGAIN)

    def _rolled_back(self, id, slot, free):
        crash = str(self.disk.read("crash") or b"", "utf-8")
        self._remember(id)
        self._wipe(free)
        if not crash.startswith(free + " "):
            crash = "no try was left"
        raise Failed("rolled back: " + crash.partition("\n")[0], crash=crash)

    def _complete(self, m, slot):
        """All that belongs to the new slot besides the new file."""
        disk = self.disk
        file = "new/" + m["file"]
        if disk.size(file) != m["size"] or self._sum(file) != m["sha256"]:
            raise Failed("sha256")
        if m["file"] == _RUNTIME:
            disk.set_mode(file, 0o755)
        for name in (_RUNTIME, _BUNDLE) if m["kind"] != "all" else ():
            if name != m["file"] and disk.exists(slot + "/" + name):
                disk.remove("new/" + name)
                disk.link(slot + "/" + name, "new/" + name)
        meta = dict(self.meta, id=m["id"])
        for what in ("app", "runtime") if m["kind"] == "all" else (m["kind"],):
            meta[what] = m["version"]
        save(disk, "new/meta.json", meta)

    def _smoke(self, job, m):
        """Whether the new version starts at all, can use what is here, and is what it should be."""
        new = self.disk.root + "new"
        manifest, write_end = posix.pipe()
        out, to = posix.pipe()
        posix.set_blocking(write_end, False)
        try:
            posix.write(write_end, m["text"])  # what a message holds fits into a pipe
            argv = [new + "/" + _RUNTIME, "-m", "agent", self.config_file, "selftest"]
            pid = posix.spawn(argv, fds=(manifest, to, to), cwd=new)
        except OSError as e:
            posix.close(out)
            raise Failed("smoke test: " + describe(e))
        finally:
            for fd in (manifest, write_end, to):
                posix.close(fd)
        poll = select.poll()
        poll.register(out, select.POLLIN)
        text = b""
        end = monotonic() + _SMOKE
        ended = 0
        while not ended:
            if monotonic() > end or job.canceled():
                posix.kill(-pid, posix.SIGKILL)
            ended, status = posix.waitpid(pid, posix.WNOHANG)
            # What it has said may still be there when it has ended.
            if poll.poll(0 if ended else 200):
                data = posix.read(out, 1024)
                text = (text + data)[-1024:]
                if not data:
                    poll.unregister(out)
        posix.close(out)
        text = str(text, "utf-8").strip().rpartition("\n")[2]
        version = self._meta("new")["app"]
        if status:
            how = "exit %d" % (status >> 8) if status >> 8 else "signal %d" % status
            raise Failed("smoke test: " + (text or how))
        if text != version:
            raise Failed("smoke test: it says that it is %s, not %s" % (text, version))

    def _wait_for_window(self, job, window):
        """window: the hours of the day, from and to."""
        while window:
            hour = (time.time() // 60 + self.agent.config["utc_offset"]) // 60
            if clock_is_set() and (hour - window[0]) % 24 < (window[1] - window[0]) % 24:
                break
            self._tell(job, "waiting for the window")
            job.wait(30)
            self._go_on(job)

    # The transfer

    def feed(self, id, at, data):
        """A piece of the payload, from the client's thread. What nobody asked for is dropped; of

        another length than asked for it says that the rest is gone, as an empty one does.
        """
        with self._changed:
            if id == self.id and at.isdigit():
                at = int(at)
                asked = self._chunks.get(at)
                if isinstance(asked, int):
                    self._chunks[at] = data if len(data) == asked else b""
                    self._changed.notify()

    def ask_again(self):
        """There is another connection: what was asked for on the last one may not come. Or the job

        shall end.
        """
        with self._changed:
            self._chunks.clear()
            self._pause = _AGAIN
            self._changed.notify()

    def _fetch(self, job, m, stage, base):
        """The payload, frame by frame, each applied as soon as it is there.

        After a restart it goes on with the frame that was under way: what there is of that was not
        waited for.
        """
        disk = self.disk
        part = "stage/part"
        new = "new/" + m["file"]
        disk.remove(part)
        bad = 0
        if "base" in m and self._sum(base) != m["base"]:
            raise Failed("base")
        if disk.free() < self.agent.config["reserve"] + m["size"] - stage["out"] + _PACKED:
            raise Failed("no space")
        self._limit = stage.get("limit", m.get("max_bytes", 2 * m["packed"] + _PACKED))
        while stage["at"] < m["packed"]:
            # The frame, and the head of the next one.
            end = min(stage["at"] + stage["n"] + 8, m["packed"])
            self._get(job, m, stage["at"], end, part)
            try:
                with disk.open(part) as f:
                    f.seek(stage["n"])
                    n, old = struct.unpack("<II", f.read(8) or bytes(8))
                    f.seek(0)
                    made = 0
                    if stage["n"]:
                        with disk.open(base) if "base" in m else BytesIO() as was:
                            left = min(_FRAME, m["size"] - stage["out"])
                            pieces = unpacked(f, was, stage["old"], left)
                            made = disk.write_at(new, stage["out"], pieces)
                if n > _PACKED:
                    raise ValueError
            except (ValueError, IndexError):
                disk.remove(part)
                bad += 1
                if bad == _BAD:
                    raise Failed("bad frame")
                continue
            disk.remove(part)
            stage.update(at=end, n=n, old=old, out=stage["out"] + made, limit=self._limit)
            save(disk, "stage/state", stage)

    def _get(self, job, m, at, end, part):
        """Completes the payload's bytes from at to end, of which some may be there."""
        disk = self.disk
        have = at + (disk.size(part) if disk.exists(part) else 0)
        self._pause = _AGAIN
        again = 0
        while have < end:
            self._go_on(job)
            with self._changed:
                data = self._chunks.get(have)
                if not isinstance(data, bytes):
                    now = monotonic()
                    if now >= again or data is None:
                        self._chunks.clear()
                        again = now + self._pause
                        self._pause = min(2 * self._pause, _LONGEST)
                    for off in range(have, min(end, have + _WINDOW * _CHUNK), _CHUNK):
                        if off not in self._chunks:
                            self._ask(m["id"], off, min(_CHUNK, end - off))
                    if not isinstance(self._chunks.get(have), bytes):
                        self._changed.wait(again - now)
                    continue
                del self._chunks[have]
            if not data:
                raise Failed("gone")
            self._limit -= len(data)
            if self._limit < 0:
                raise Failed("max_bytes")
            disk.append(part, data, False)
            have += len(data)
            self._pause = _AGAIN
            again = monotonic() + _AGAIN
            self._tell(job, "downloading", 100 * have // m["packed"])
        self._chunks.clear()

    def _ask(self, id, off, n):
        if self.agent.client.connected:
            self._chunks[off] = n
            try:
                what = json.dumps({"id": id, "off": off, "len": n})
                self.agent.client.publish(self.agent.prefix + "blob/req", what)
            except Full:
                del self._chunks[off]
