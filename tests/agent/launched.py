"""Upgrades for real: the launcher, the agent that is frozen into this build, a broker, a server."""

import hashlib
import json
import os
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

from agent.signed import Signer
from agent.support import ROOT, Broker, Device, Proxy, make_bundle, mpy_dir, need_frozen
from variant.harness import Failure, Skip, stress

# Shorter times than the real launcher's.
TIMES = {"FIRST_PAUSE": 0, "MOST_PAUSE": 0, "LONG_RUN": 600, "END_TIME": 5, "FEED_EVERY": 1}

# A runtime that passes the smoke test, then does something else.
SCRIPT = """#!/bin/sh
case "$*" in *selftest) echo 0.1; exit 0;; esac
%s
"""


def full(data):
    """The payload of a full image: docs/upgrade.md."""
    frames = []
    for at in range(0, len(data), 65536):
        piece = data[at : at + 65536]
        packer = zlib.compressobj(9, zlib.DEFLATED, 14)
        body = packer.compress(struct.pack("<iii", 0, len(piece), 0) + piece) + packer.flush()
        frames.append(struct.pack("<II", len(body), 0) + body)
    return b"".join(frames)


class Server(Device):
    """A device that is to be upgraded, and the server that it asks for the payload."""

    def __init__(self, t, **config):
        broker = config.pop("broker", None) or Broker(t, "max_queued_messages 100000")
        self.signer = Signer(t)
        super().__init__(
            t, broker=broker, hw="board", upgrade_keys=[self.signer.public], **config)
        self.runtime = t.program.read_bytes()
        self.payloads = {}  # by the manifest's id
        self.lost = 0.0  # of the requests for pieces so many are not answered
        self.answers = True  # to cmd/get
        self.requests = 0
        self.number_of_manifests = 0

    def take(self):
        known = len(self.other)
        super().take()
        for topic, payload in self.other[known:]:
            if topic == "blob/req":
                self.other.pop()
                self.serve(json.loads(payload))
            elif topic == "cmd/get" and self.answers:
                boot = json.loads(payload)["boot"]
                self.peer.publish("d/dut/cmd/list", json.dumps({"boot": boot, "cmds": []}))

    def serve_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            rest = max(0, end - time.monotonic())
            if self.peer.messages or select.select([self.peer.sock], [], [], rest)[0]:
                self.take()

    def serve(self, request):
        self.requests += 1
        data = self.payloads.get(request["id"], b"")[request["off"] :][: request["len"]]
        if self.t.random.random() >= self.lost:
            self.peer.publish("d/dut/blob/%s/%d" % (request["id"], request["off"]), data, qos=0)

    def image(self, data, kind="runtime", version="2", **more):
        """Signs a manifest; returns it as the command has it."""
        payload = full(data)
        self.number_of_manifests += 1
        m = {"id": "m-%d" % self.number_of_manifests, "kind": kind, "version": version,
             "hw": "board", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
             "packed": len(payload)}
        m.update(more)
        self.payloads[m["id"]] = payload
        return self.signer.sign(json.dumps(m).encode()).decode()

    def info(self):
        return self.ask("info")["result"]


class Board(Server):
    """Its agent runs under the launcher on this machine."""

    def __init__(self, t, **config):
        if t.emulated:
            raise Skip("the launcher starts ARM programs: tests/board has a system for them")
        config.setdefault("trial", 20 * t.slow)
        super().__init__(t, reserve=0, **config)
        self.launcher = t.folder / "launcher"
        if not self.launcher.exists():
            command = shlex.split("gcc -Os -o") + [str(self.launcher)]
            command += ["-D%s=(%d)" % pair for pair in TIMES.items()]
            subprocess.run(command + [str(ROOT / "launcher/launcher.c")], check=True)
        need_frozen(t)
        self.slot("a")
        self.factory = t.folder / "factory"
        self.factory.mkdir(exist_ok=True)
        shutil.copy(str(t.program), str(self.factory / "micropython"))

    def slot(self, name, runtime=None):
        folder = self.data / name
        folder.mkdir(exist_ok=True)
        (folder / "micropython").write_bytes(runtime or self.runtime)
        (folder / "micropython").chmod(0o755)

    def run(self, setup=None):
        config = self.t.folder / "config.json"
        config.write_text(json.dumps(self.config))
        self.err = open(str(self.t.folder / "stderr"), "ab")
        self.process = subprocess.Popen(
            [str(self.launcher), "-b", "60", str(self.data), str(self.factory),
             "-X", "heapsize=256K", "-m", "agent", str(config)],
            env={}, stdin=subprocess.DEVNULL, stderr=self.err, start_new_session=True)
        self.t.processes.append(self)

    # What the harness asks of a process.
    script = ""

    @property
    def popen(self):
        return self.process

    def describe(self):
        lines = (self.t.folder / "stderr").read_text().splitlines()[-20:]
        return ["flash: %s" % self.flash(), "standard error:"] + lines

    def kill(self):
        """Cuts the power."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.pids():  # what the launcher's end does not end: programs of the agent
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        while self.pids():  # they are dying
            time.sleep(0.002)

    def pids(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink("/proc/%s/cwd" % pid).startswith(str(self.data)):
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(30) != 0:
            raise Failure("the launcher ended with %d" % self.process.returncode)

    def flash(self):
        found = {}
        for name in ("a", "b", "new", "old"):
            if (self.data / name).exists():
                found[name] = sorted(os.listdir(str(self.data / name)))
        return found


def test_runtime(t):
    """Up: from slot a to slot b, by the new version's own word; then back with another image."""
    d = Board(t).start()
    assert d.info()["slot"] == "a"
    new = d.runtime + b"2"
    a = d.ask("ota", manifest=d.image(new))
    assert a["st"] == "succeeded" and a["result"] == {"version": "2", "kind": "runtime"}, a
    info = d.info()
    assert (info["slot"], info["versions"]["runtime"]) == ("b", "2"), info
    assert (d.data / "b/micropython").read_bytes() == new
    assert list(d.flash()) == ["b"], d.flash()
    a = d.ask("ota", manifest=d.image(d.runtime, version="1"))
    assert (a["st"], a["reason"]) == ("rejected", "downgrade"), a
    a = d.ask("ota", manifest=d.image(d.runtime, version="1", allow_downgrade=True))
    assert a["st"] == "succeeded", a
    assert d.info()["slot"] == "a" and list(d.flash()) == ["a"], d.flash()
    d.end()
    d.check()


def romfs(*files):
    """A ROMFS with these (name, content), by upstream's writer, to which any name is good."""
    sys.path.append(str(mpy_dir() / "tools/mpremote/mpremote"))
    from romfs import VfsRomWriter

    writer = VfsRomWriter()
    for name, content in files:
        writer.mkfile(name, content)
    return writer.finalise()


def test_bundle(t):
    """The agent alone; what shares the interpreter with the old slot; bundles that are wrong."""
    d = Board(t).start()
    bundle = t.folder / "bundle"
    make_bundle(bundle, "--version", "9.1")
    good = bundle.read_bytes()
    swapped = d.image(good[:-1] + b"x", "app", "9.1", sha256=hashlib.sha256(good).hexdigest())
    a = d.ask("ota", manifest=swapped)
    assert (a["st"], a["reason"]) == ("failed", "sha256"), a
    short = d.image(good, "app", "9.1", packed=2000)
    a = d.ask("ota", manifest=short)
    assert (a["st"], a["reason"]) == ("failed", "bad frame"), a
    for data in (b"no bundle", good[:1000], romfs(("core.py", b"1 / 0\n")),
                 romfs(("../../core.py", good), (str(t.folder / "x"), good))):
        before = sorted(t.folder.rglob("*"))
        a = d.ask("ota", manifest=d.image(data, "app", "9.1"))
        assert a["st"] == "failed" and a["reason"].startswith("smoke test: "), a
        # Nothing is unpacked: there is no path that could lead anywhere.
        written = set(t.folder.rglob("*")) - set(before)
        assert all(d.data in p.parents for p in written), written
        assert d.info()["slot"] == "a" and "b" not in d.flash()
    a = d.ask("ota", manifest=d.image(good, "app", "9.1"))
    assert a["st"] == "succeeded", a
    info = d.info()
    assert (info["slot"], info["ver"], info["versions"]["app"]) == ("b", "9.1", "9.1"), info
    assert os.path.samefile(str(d.data / "a/micropython"), str(d.data / "b/micropython"))
    # A new interpreter keeps it; another bundle takes the place of the first.
    a = d.ask("ota", manifest=d.image(d.runtime + b"2"))
    assert a["st"] == "succeeded" and d.info()["ver"] == "9.1", a
    make_bundle(bundle, "--version", "9.2")
    a = d.ask("ota", manifest=d.image(bundle.read_bytes(), "app", "9.2"))
    assert a["st"] == "succeeded" and d.info()["ver"] == "9.2", a
    assert (d.data / d.info()["slot"] / "micropython").read_bytes() == d.runtime + b"2"
    d.end()
    d.check()


def rolls_back(d, image, reason):
    """The old version runs again and says why; it can be upgraded all the same."""
    a = d.ask("ota", manifest=image)
    assert a["st"] == "failed" and a["reason"].startswith("rolled back: " + reason), a
    assert d.info()["slot"] == "a" and list(d.flash()) == ["a"], d.flash()
    # It is not tried again, also when another was known since.
    assert d.ask("ota", manifest=image)["reason"] == a["reason"]
    b = d.ask("ota", manifest=d.image(b"x"))
    assert b["reason"].startswith("smoke test: "), b
    b = d.ask("ota", manifest=image)
    assert (b["st"], b["reason"]) == ("rejected", "replayed"), b
    return a


def test_crashes_at_once(t):
    d = Board(t).start()
    image = d.image((SCRIPT % "echo so sorry >&2; exit 9").encode())
    a = rolls_back(d, image, "b exit 9")
    assert "so sorry" in a["crash"], a
    d.end()


def test_crashes_later(t):
    """After a time in which it has done what an agent does."""
    d = Board(t).start()
    (t.folder / "real").write_bytes(d.runtime)
    (t.folder / "real").chmod(0o755)
    image = (SCRIPT % '%s/real "$@" & sleep 1; kill -9 $!; kill -9 $$' % t.folder).encode()
    d.answers = False
    t.timeout = 60
    rolls_back(d, d.image(image), "b signal 9")
    d.end()


def test_no_answer(t):
    """The server does not answer the new version's hello: it ends its trial itself."""
    d = Board(t, trial=1.5).start()
    image = d.image(d.runtime + b"2")
    d.answers = False
    a = rolls_back(d, image, "b exit 70")
    assert "not healthy: no answer" in a["crash"], a
    d.end()


def test_canceled(t):
    """While it is fetched nothing remains; on trial the old version runs again, and answers."""
    d = Board(t).start()
    d.lost = 1
    id = d.send("ota", manifest=d.image(d.runtime + b"2"))
    d.until("a request", lambda: d.requests)
    assert d.ask("cancel", job=id)["st"] == "succeeded"
    assert d.answer(id)["st"] == "canceled"
    assert list(d.flash()) == ["a"] and not (d.data / "stage").exists(), d.flash()
    d.lost = 0
    id = d.send("ota", manifest=d.image(d.runtime + b"3"), exp=int(time.time()) + 1)
    d.answers = False
    d.running(id, msg="checking")
    d.answers = True  # it could stay now
    assert d.ask("cancel", job=id)["st"] == "succeeded"
    a = d.answer(id)
    if a["st"] != "succeeded":
        assert (a["st"], a["reason"]) == ("failed", "rolled back: b canceled"), a
        assert d.info()["slot"] == "a" and list(d.flash()) == ["a"], d.flash()
    a = d.ask("ota", manifest=d.image(d.runtime + b"4"))
    assert a["st"] == "succeeded", a
    d.end()


def test_lies(t):
    """A version that says that it is another one."""
    d = Board(t).start()
    a = d.ask("ota", manifest=d.image(d.runtime + b"2", kind="all"))
    assert (a["st"], a["reason"]) == (
        "failed", "smoke test: it says that it is 0.1, not 2"), a
    d.end()


def test_keys(t):
    """The keys are in the bundle. One that does not know its own would be the last that is taken."""
    d = Board(t)
    d.config["upgrade_keys"] = []
    other = Signer(t, "next")
    make_bundle(d.data / "a/agent.romfs", "--version", "1", "--key", str(t.folder / "key.pub"))
    d.start()
    bundle = t.folder / "bundle"
    make_bundle(bundle, "--version", "2")
    a = d.ask("ota", manifest=d.image(bundle.read_bytes(), "app", "2"))
    assert a["st"] == "failed" and a["reason"].endswith("that this version does not know"), a
    keys = ("--key", str(t.folder / "key.pub"), "--key", str(t.folder / "next.pub"))
    make_bundle(bundle, "--version", "3", *keys)
    a = d.ask("ota", manifest=d.image(bundle.read_bytes(), "app", "3"))
    assert a["st"] == "succeeded", a
    # What the old key signed is taken no more once it is not in the bundle.
    d.signer = other
    make_bundle(bundle, "--version", "4", *keys[2:])
    a = d.ask("ota", manifest=d.image(bundle.read_bytes(), "app", "4"))
    assert a["st"] == "succeeded", a
    d.signer = Signer(t, "old")
    a = d.ask("ota", manifest=d.image(bundle.read_bytes(), "app", "5"))
    assert (a["st"], a["reason"]) == ("rejected", "signature"), a
    d.end()


def test_rescue(t):
    """Both slots fail: the version in the firmware takes nothing but an upgrade and a shell."""
    d = Board(t)
    for name in ("a", "b"):
        d.slot(name, b"#!/bin/sh\nexit 1\n")
        make_bundle(d.data / name / "agent.romfs", "--version", "2.5")
        (d.data / name / "meta.json").write_text('{"id": "x", "app": "2.5", "runtime": "2"}')
    d.start()
    assert d.info()["slot"] is None
    a = d.ask("run", argv=["true"])
    assert (a["st"], a["reason"]) == ("rejected", "rescue"), a
    a = d.ask("fn.list")
    assert (a["st"], a["reason"]) == ("rejected", "unsupported"), a
    a = d.ask("ota", manifest=d.image(d.runtime, version="2"))
    assert (a["st"], a["reason"]) == ("rejected", "downgrade"), a
    a = d.ask("ota", manifest=d.image(d.runtime, version="3"))
    assert a["st"] == "succeeded", a
    info = d.info()
    assert (info["slot"], info["ver"], info["versions"]["runtime"]) == ("b", "2.5", "3"), info
    assert d.ask("run", argv=["true"])["st"] == "succeeded"
    d.end()


def test_smoke(t):
    """What does not even start is never put on trial."""
    d = Board(t).start()
    for data, reason in (
        (b"no program\0", ""),  # the C library may take it for a shell's
        (b"#!/bin/sh\necho broken >&2\nexit 3\n", "broken"),
        (b"#!/bin/sh\nkill -9 $$\n", "signal 9"),
    ):
        a = d.ask("ota", manifest=d.image(data))
        assert a["st"] == "failed" and a["reason"].startswith("smoke test: "), a
        assert reason in a["reason"], a
        assert d.info()["slot"] == "a" and list(d.flash()) == ["a"], d.flash()
    d.end()


@stress
def test_anyhow(t):
    """Upgrades up and back, good ones and bad ones, while power goes, the network loses pieces and

    cuts connections, and the broker starts anew: each ends in one version that runs, whole.
    """
    broker = Broker(t, "max_queued_messages 100000", persistent=True)
    proxy = Proxy(t, broker.port)
    d = Board(t, broker=broker, port=proxy.port, trial=4).start()
    bad = (SCRIPT % "exit 9").encode(), (SCRIPT % "sleep 1; kill -9 $$").encode(), b"\0nothing"
    has = d.runtime
    for n in t.repeats(1):
        t.deadline = time.monotonic() + 120
        good = t.random.random() < 0.7
        data = d.runtime + b"%d" % n if good else t.random.choice(bad)
        d.lost = t.random.choice((0, 0, 0.03))
        id = "up%d" % n
        image = d.image(data, version=str(2 + n % 2), allow_downgrade=True)
        d.send("ota", id=id, manifest=image)
        for _ in range(t.random.randrange(3)):
            d.serve_for(t.random.random() * 2)
            what = t.random.randrange(3)
            if what == 0:
                d.kill()
                d.run()
            elif what == 1:
                proxy.cut_after(t.random.randrange(20000))
            else:
                broker.kill()
                broker.start()
                d.reconnect()
                d.send("ota", id=id, manifest=image)  # its answer may have come meanwhile
        a = d.answer(id)
        slot = d.info()["slot"]
        runs = (d.data / slot / "micropython").read_bytes()
        if a["st"] == "succeeded":
            assert good and runs == data, (n, a, d.flash())
            has = data
        else:
            assert a["st"] == "failed" and runs == has, (n, a, d.flash())
            # Power cuts take tries, too.
            assert not good or a["reason"].startswith("rolled back"), (n, a)
        t.counts[a["st"]] += 1
    d.end()


def test_power_cuts(t):
    """Power goes again and again while it is under way, and pieces get lost."""
    d = Board(t)
    d.lost = 0.02
    d.start()
    image = d.image(d.runtime + b"2")
    d.send("ota", id="up", manifest=image)
    for n in range(8):
        at = d.requests + 15
        d.until("the transfer to go on", lambda: d.requests >= at or "b" in d.flash())
        d.kill()
        d.run()
    a = d.answer("up")
    assert a["st"] == "succeeded", a
    assert d.requests < 2 * len(d.payloads["m-1"]) / 4096 + 8 * 4, d.requests
    assert d.info()["slot"] == "b"
    d.end()
    d.check()


def test_broker_restarts(t):
    """The broker goes in the middle; the transfer goes on where it was."""
    d = Board(t, broker=Broker(t, persistent=True)).start()
    d.send("ota", id="up", manifest=d.image(d.runtime + b"2"))
    d.until("some pieces", lambda: d.requests > 20)
    d.broker.kill()
    d.broker.start()
    d.reconnect()
    assert d.answer("up")["st"] == "succeeded"
    d.end()


def test_refused(t):
    """Forged and truncated manifests, another device's, and those for a device without a launcher."""
    d = Board(t).start()
    image = d.image(d.runtime + b"2")
    for text, reason in (
        (image.replace('"version": "2"', '"version": "3"'), "signature"),
        (image[:-1], "signature"),
        (image[:40], "signature"),
        ("", "signature"),
        (None, "signature"),
        ({"a": 1}, "signature"),
        (Signer(t, "other").sign(b"{}").decode(), "signature"),
        (d.signer.sign(b"{}").decode(), "malformed"),
        (d.signer.sign(b"[1").decode(), "malformed"),
        (d.image(b"x", hw="toaster"), "hw"),
        (d.image(b"x", version="0"), "downgrade"),
        (d.image(b"x", min_from="1"), "min_from"),
    ):
        a = d.ask("ota", manifest=text)
        assert (a["st"], a["reason"]) == ("rejected", reason), (text, a)
    assert list(d.flash()) == ["a"] and not (d.data / "stage").exists()
    d.end()


def test_no_launcher(t):
    """An agent that was started by hand keeps its version."""
    signer = Signer(t)
    d = Device(t, upgrade_keys=[signer.public], hw="board").start()
    m = {"id": "m", "kind": "app", "version": "9", "hw": "board", "size": 1, "sha256": "",
         "packed": 1}
    a = d.ask("ota", manifest=signer.sign(json.dumps(m).encode()).decode())
    assert (a["st"], a["reason"]) == ("rejected", "no launcher"), a
    d.stop()
