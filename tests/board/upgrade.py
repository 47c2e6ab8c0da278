"""Upgrades of a board: an ARM Linux with a disk and a network, whose power is cut.

The launcher is init's child; the broker, which asks for certificates, is beyond the network. Each
test has a board of its own. tools/test-arm-upgrade.sh builds what is needed.
"""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

from agent.launched import Server
from agent.support import ROOT, Broker, free_port
from variant.harness import Skip

DISK = 16 << 20  # mke2fs gives it a journal
BLOCK = 4096

# What is allowed, KB: on flash all there is, in RAM the agent with TLS.
MOST_FLASH = 1024
MOST_RESIDENT = 1000
MOST_PRIVATE = 100  # without TLS; tools/fleet.py has many

# Of the bundle that tools/test-arm-upgrade.sh makes.
BUNDLE_VERSION = "99.0"

ARGUMENTS = "-b 60 /data/agent /rom/agent -X heapsize=256K -m agent /data/conf.json"

LISTENER = """
listener {0} 127.0.0.1
cafile {1}/ca.pem
certfile {1}/localhost.pem
keyfile {1}/localhost.key
require_certificate true
"""

# A runtime that passes the smoke test. There is no shell on the board.
CRASHES = """#!/rom/agent/micropython
import sys
if sys.argv[-1] != "selftest":
    print("so sorry", file=sys.stderr)
    sys.exit(9)
from agent.release import VERSION
print(VERSION)
"""


class Machine(Server):
    """The board; the server is that of the tests on this machine."""

    def __init__(self, t, tls=True, **config):
        self.built = t.program.resolve().parent
        certificates = self.built / "certificates"
        if not certificates.exists():
            raise Skip("no certificates: openssl is not here")
        port = free_port()
        broker = Broker(t, "max_queued_messages 100000" + LISTENER.format(port, certificates))
        names = {"ca": "ca.pem", "cert": "device.pem", "key": "device.key"}
        if tls:
            config["tls"] = dict({key: "/" + name for key, name in names.items()},
                                 server_hostname="localhost")
        super().__init__(
            t, broker=broker, host="10.0.2.2", port=port if tls else broker.port,
            data="/data/agent", root="/", backoff=[1, 4], grace=5, **config)
        self.contents = ["/rom/agent/micropython=%s" % t.program]
        self.contents += ["/%s=%s/%s" % (name, certificates, name) for name in names.values()]
        self.make_disk()

    def make_disk(self):
        tree = self.t.folder / "tree"
        (tree / "agent/a").mkdir(parents=True)
        shutil.copy(str(self.t.program), str(tree / "agent/a/micropython"))
        (tree / "conf.json").write_text(json.dumps(self.config))
        self.disk = self.t.folder / "disk"
        with open(str(self.disk), "wb") as file:
            file.truncate(DISK)
        mke2fs = shutil.which("mke2fs") or "/usr/sbin/mke2fs"
        subprocess.run(
            [mke2fs, "-q", "-t", "ext4", "-b", str(BLOCK), "-d", str(tree), str(self.disk)],
            check=True)

    def run(self, setup=None):
        with open(str(self.t.folder / "console"), "ab") as console:
            self.process = subprocess.Popen(
                [str(ROOT / "tools/arm-system/run.sh"), "--board", str(self.disk), ARGUMENTS,
                 str(self.built / "launcher"), *self.contents],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        self.t.processes.append(self)

    def kill(self):
        """Cuts the power."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def describe(self):
        lines = (self.t.folder / "console").read_text(errors="replace").splitlines()[-20:]
        return ["console:"] + lines

    def file(self, name, off=0):
        """The sum of a file, and what it has from off on."""
        a = self.ask("file.get", path=name, off=off)["result"]
        return a.get("sha256"), base64.b64decode(a["data"])

    def figures(self):
        """What tools/arm-system/init.c has seen since the start, KB."""
        return json.loads(self.file("tmp/figures")[1])

    def slots(self):
        names = [name for name, _ in self.ask("file.ls", path="data/agent")["result"]["names"]]
        return [name for name in names if name in ("a", "b", "new", "old")]

    def runs(self, slot, **versions):
        """It runs from this slot. Returns all that it says of itself."""
        info = self.info()
        assert info["slot"] == slot, info
        assert versions.items() <= info["versions"].items(), info
        return info


def measured(t, d, image, slot, **versions):
    """Upgrades, and prints what that takes; returns what runs then."""
    before = d.figures()
    began = time.monotonic()
    a = d.ask("ota", manifest=image)
    seconds = time.monotonic() - began
    assert a["st"] == "succeeded", a
    info = d.runs(slot, **versions)
    after = d.figures()
    print("%s: %.0f s\n    flash: %d KB before, at most %d KB\n"
          "    resident: %d KB before, %d KB after, at most %d KB with %d threads" % (
              t.name, seconds, before["flash"], after["flash"], before["resident"],
              after["resident"], after["peak"], after["threads"]), flush=True)
    assert after["flash"] <= MOST_FLASH and after["peak"] <= MOST_RESIDENT, after
    return info


def test_runtime(t):
    """From slot a to slot b."""
    d = Machine(t)
    began = time.monotonic()
    d.start()
    print("%s: online after %.0f s" % (t.name, time.monotonic() - began), flush=True)
    d.runs("a")
    new = d.runtime + b"2"
    measured(t, d, d.image(new), "b", runtime="2")
    assert d.slots() == ["b"], d.slots()
    assert d.file("data/agent/b/micropython", len(new) - 1) == (
        hashlib.sha256(new).hexdigest(), b"2")


def test_bundle(t):
    """The app alone: the new slot has the runtime of the old one."""
    d = Machine(t).start()
    bundle = (d.built / "agent.romfs").read_bytes()
    image = d.image(bundle, "app", BUNDLE_VERSION)
    info = measured(t, d, image, "b", app=BUNDLE_VERSION, runtime="0")
    assert info["ver"] == BUNDLE_VERSION, info


def test_memory(t):
    """What is the agent's own, when the link is not encrypted and some commands have been."""
    d = Machine(t, tls=False).start()
    for _ in range(10):
        d.ask("ping")
    figures = d.figures()
    print("%s: %d KB of its own of %d, %d threads" % (
        t.name, figures["private"], figures["resident"], figures["threads"]), flush=True)
    assert 0 < figures["private"] <= MOST_PRIVATE, figures


def test_power_cuts(t):
    """Power goes in the middle of the download, before the trial, and in the middle of that."""
    d = Machine(t).start()
    d.send("ota", id="up", manifest=d.image(d.runtime + b"2"))
    pieces = len(d.payloads["m-1"]) // 4096

    def cut(what, condition):
        d.until(what, condition)
        d.kill()
        d.run()

    cut("half of the pieces", lambda: d.requests > pieces / 2)
    # The boot record is written before the old version says that it is off.
    cut("the end of the old version", lambda: d.states[-1] == "off")
    d.answers = False
    cut("the new version", lambda: d.states[-1] == "ready" and d.runs("b"))
    d.answers = True
    a = d.answer("up")
    assert a["st"] == "succeeded", a
    assert d.requests < 1.5 * pieces + 16, d.requests
    d.runs("b", runtime="2")
    assert d.slots() == ["b"], d.slots()


def rolls_back(d, image, reason, crash):
    a = d.ask("ota", manifest=image)
    assert a["st"] == "failed" and a["reason"] == "rolled back: " + reason, a
    assert crash in a["crash"], a
    d.runs("a", runtime="0")
    assert d.slots() == ["a"], d.slots()


def test_rolls_back(t):
    """One version crashes at once, another one has no answer; the old one runs, and says why."""
    d = Machine(t, trial=20).start()
    rolls_back(d, d.image(CRASHES.encode()), "b exit 9", "so sorry")
    d.answers = False
    image = d.image(d.runtime + b"3", version="3")
    rolls_back(d, image, "b exit 70", "not healthy: no answer")
