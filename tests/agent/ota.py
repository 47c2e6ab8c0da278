"""Images from the key to the device: tools/sign, `tools/dev ota`, the agent that applies them."""

import fcntl
import importlib.machinery
import importlib.util
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading

from agent import tool
from agent.launched import SCRIPT, Board
from agent.signed import Signer, need_module, signify
from agent.support import ROOT, Broker, Ended, Peer, start
from variant.harness import Failure, Skip


def sign_module():
    loader = importlib.machinery.SourceFileLoader("sign", str(ROOT / "tools/sign"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("sign", loader))
    loader.exec_module(module)
    return module


def need_bsdiff():
    if not shutil.which("bsdiff"):
        raise Skip("bsdiff is not here")


def image(t, data, *words, version="2", hw="board", key="key.sec", base=None, name="image"):
    """Makes an image of a runtime with tools/sign; its name."""
    (t.folder / "new").write_bytes(data)
    words = list(map(str, words))
    if base:
        need_bsdiff()
        (t.folder / "base").write_bytes(base)
        words += ["--base", "base"]
    command = [sys.executable, "-B", str(ROOT / "tools/sign"), "--kind", "runtime", "--hw", hw]
    subprocess.run(
        [*command, "--version", version, "--key", key, "-o", name, "new", *words],
        cwd=str(t.folder), check=True, stdout=subprocess.DEVNULL)
    return name


def edited(random, data, edits):
    """The data with bytes changed, put in, taken out and moved."""
    data = bytearray(data)
    for _ in range(edits):
        at = random.randrange(len(data) + 1)
        n = random.randrange(1, 40)
        way = random.randrange(4)
        if way == 0:
            data[at : at + n] = bytes(b + 1 & 255 for b in data[at : at + n])
        elif way == 1:
            data[at:at] = random.randbytes(n)
        elif way == 2:
            del data[at : at + n]
        else:
            piece = data[at : at + n]
            del data[at : at + n]
            to = random.randrange(len(data) + 1)
            data[to:to] = piece
    return bytes(data)


# Applies a payload as agent/upgrade.py does when it has fetched a frame.
APPLY = """
import struct
from agent.upgrade import unpacked
def apply(payload, base, out):
    while True:
        head = payload.read(8)
        if not head:
            return
        n, old = struct.unpack("<II", head)
        with open("frame", "wb") as f:
            for rest in range(n, 0, -1024):
                f.write(payload.read(min(rest, 1024)))
        with open("frame", "rb") as f:
            for piece in unpacked(f, base, old, 65536):
                out.write(piece)
"""


def test_frames(t):
    """Random edits, in frames of all sizes: CPython and the agent make the new file of them."""
    need_bsdiff()
    sign = sign_module()
    cases = []
    for i in range(200):
        sign.FRAME = t.random.choice((50, 500, 65536))
        sign.PACKED = max(60, t.random.choice((sign.FRAME, 2 * sign.FRAME)))
        base = t.random.randbytes(t.random.randrange(1, 300)) * t.random.randrange(1, 8)
        new = edited(t.random, base, t.random.randrange(8)) or b"x"
        for payload in (sign.delta(new, base), sign.full(new)):
            if sign.applied(payload, base) != new:
                raise Failure("seed %d: case %d is not what it was" % (t.seed, i))
            cases.append((payload, base, new))
    with open(str(t.folder / "cases"), "wb") as f:
        for case in cases:
            for data in case:
                f.write(len(data).to_bytes(4, "little") + data)
    p = start(t, APPLY + """
from io import BytesIO
with open("cases", "rb") as f:
    def read():
        return f.read(int.from_bytes(f.read(4), "little"))
    good = 0
    while True:
        payload = read()
        if not payload:
            break
        base, new, out = read(), read(), BytesIO()
        apply(BytesIO(payload), BytesIO(base), out)
        good += out.getvalue() == new
print(good)
""")
    p.line("400")
    p.finish()


def test_incompressible(t):
    """No frame is longer than the agent takes it, whatever is in it."""
    need_bsdiff()
    sign = sign_module()
    base = t.random.randbytes(150000)
    # A record for every few bytes: 12 bytes more each.
    new = b"".join(base[at : at + 20] + t.random.randbytes(6) for at in range(0, 120000, 26))
    records = [(at, t.random.randbytes(5), b"!") for at in range(0, 150000, 9)]
    for payload, made in ((sign.full(base), base), (sign.delta(new, base), new),
                          (sign.payload_of(records), None)):
        at = 0
        while at < len(payload):
            n = int.from_bytes(payload[at : at + 4], "little")
            assert n <= 66000, n
            assert len(sign.applied(payload[at : at + 8 + n], base)) <= 65536
            at += 8 + n
        if made:
            assert sign.applied(payload, base) == made


def test_heap(t):
    """A delta between two versions of the interpreter itself is applied in 64 KB of heap."""
    need_bsdiff()
    sign = sign_module()
    program = t.program.read_bytes()
    if b"agent/upgrade.py" not in program:
        raise Skip("the agent is not frozen into this build: AGENT=1")
    new = edited(t.random, program, 200)
    (t.folder / "base").write_bytes(program)
    payload = sign.delta(new, program)
    assert len(payload) < len(program) // 20, len(payload)
    for payload in (payload, sign.full(new)):
        (t.folder / "payload").write_bytes(payload)
        p = t.start(APPLY + """
with open("payload", "rb") as payload, open("base", "rb") as base, open("made", "wb") as out:
    apply(payload, base, out)
""", options=["-X", "heapsize=64K"], env={"MICROPYPATH": ".frozen"})
        p.finish()
        assert (t.folder / "made").read_bytes() == new


def board(t, persistent=False, **config):
    """The tool is its server now, and the device has the rights of a device."""
    rules = (ROOT / "tools/agent.acl").read_text()
    (t.folder / "acl").write_text("topic readwrite #\n" + rules)
    d = Board(t, broker=Broker(t, "acl_file %s/acl" % t.folder, persistent), user="dut", **config)
    d.answers = False
    return d.start()


def test_upgrade(t):
    """Full, then a delta, in one command each; what is refused says why."""
    d = board(t)
    progress = re.compile("dut: 0 % downloading\n(dut: .*\n)*dut: 100 % installing\n")
    text = tool.run(t, d, "ota", "dut", image(t, d.runtime + b"2"), stderr=progress)
    assert text == "dut: succeeded\n", text
    assert d.info()["versions"]["runtime"] == "2"
    assert (d.data / "b/micropython").read_bytes() == d.runtime + b"2"
    delta = image(t, d.runtime + b"3", base=d.runtime + b"2", version="3")
    assert (t.folder / delta).stat().st_size < 5000
    lines = tool.run(t, d, "ota", "--json", "dut", delta).splitlines()
    events = [json.loads(line) for line in lines]
    assert {e["device"] for e in events} == {"dut"}, events
    assert events[-1]["result"] == {"version": "3", "kind": "runtime"}, events
    # It has that already.
    assert tool.run(t, d, "ota", "dut", delta) == "dut: succeeded\n"
    Signer(t, "other")
    for words, options, reason in (
        ((), {"hw": "toaster"}, "hw"),
        ((), {"version": "2.9"}, "downgrade"),
        (("--min-from", "3.1"), {"version": "4"}, "min_from"),
        ((), {"key": "other.sec"}, "signature"),
    ):
        file = image(t, b"#!/bin/sh\n", *words, **options)
        text = tool.run(t, d, "ota", "dut", file, status=125)
        assert text == "dut: rejected: %s\n" % reason, text
    image(t, (SCRIPT % "exit 9").encode(), version="4")
    text = tool.run(t, d, "ota", "dut", "image", status=1, stderr=re.compile("installing"))
    assert text == "dut: failed: rolled back: b exit 9\n", text
    # Made from another file than the device has.
    image(t, d.runtime + b"4", version="4", base=d.runtime)
    text = tool.run(t, d, "ota", "dut", "image", status=1, stderr=re.compile(""))
    assert text == "dut: failed: base\n", text
    d.end()


def begin(t, d, percent, *words):
    """The tool, when it has come so far."""
    p = tool.dev(t, d, "ota", *words, "dut", "image")
    tens = re.compile("dut: %d. %%" % (percent // 10))
    p.wait_for("%d %%" % percent, lambda: tens.search(p.stderr))
    return p


def test_interrupted(t):
    """Canceled, left alone, killed with the power: the same command again brings it to its end.

    Commands are signed here.
    """
    need_module(t)
    signify(t, "-G", "-n", "-p", "tech.pub", "-s", "tech.sec")
    d = board(t, keys=[(t.folder / "tech.pub").read_text().splitlines()[1]])
    file = image(t, d.runtime + b"2")
    assert tool.run(t, d, "ota", "dut", file, status=125) == "dut: rejected: not signed\n"
    sign = ("--sign", "tech.sec")
    p = begin(t, d, 10, *sign)
    p.signal(signal.SIGINT)
    p.finish(130, "dut: canceled: asked to end\n", re.compile("canceling"))
    p = begin(t, d, 30, *sign)
    p.kill()
    p = begin(t, d, 50, *sign)
    d.kill()
    p.wait_for("the will", lambda: "away" in p.stderr)
    d.run()
    p.finish(0, "dut: succeeded\n", re.compile("installing"))
    assert d.info()["versions"]["runtime"] == "2"
    d.end()


def test_broker_restarts(t):
    """Both sides go on when they have found it again."""
    d = board(t, persistent=True)
    image(t, d.runtime + b"2")
    p = begin(t, d, 20)
    d.broker.kill()
    d.broker.start()
    p.finish(0, "dut: succeeded\n", re.compile("installing"))
    d.reconnect()
    assert d.info()["versions"]["runtime"] == "2"
    d.end()


class Fleet:
    """Devices that are a table of how each ends; in a thread, until the test ends."""

    def __init__(self, t, count):
        self.broker = Broker(t, "max_queued_messages 100000")
        self.names = ["dev-%d" % i for i in range(count)]
        self.ends = {}  # name: (state, reason); None: it says nothing more
        self.asked = []  # names, in the order in which they had the command
        self.fetched = {}  # name: bytes
        self.commands = {}  # name: command
        self.jobs = {}  # name: id of an upgrade that is under way
        self.peer = Peer(t, self.broker, "fleet", "d/+/cmd", "d/+/blob/+/+", "d/+/cmd/list")
        for name in self.names:
            self.peer.publish("d/%s/state" % name, '{"s": "ready"}', retain=True)
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        try:
            while True:
                topic, payload, *_ = self.peer.message()
                _, name, kind = topic.split("/", 2)
                if kind == "cmd":
                    self.command(name, json.loads(payload))
                elif kind.startswith("blob/"):
                    self.fetched[name] += payload
                    self.fetch(name)
        except (Failure, Ended, OSError):
            pass

    def event(self, name, id, st, **fields):
        self.peer.publish("d/%s/evt/%s" % (name, id), json.dumps(dict(fields, id=id, st=st)))

    def command(self, name, command):
        if command["op"] == "cancel":
            self.event(name, command["id"], "succeeded")
            self.event(name, command["job"], "canceled")
            return
        if command["op"] == "jobs":
            jobs = [{"id": "other"}, {"id": self.jobs[name]}]
            self.event(name, command["id"], "succeeded", result=jobs)
            return
        if self.jobs.get(name, command["id"]) != command["id"]:
            self.event(name, command["id"], "rejected", reason="busy")
            return
        self.asked.append(name)
        self.commands[name] = command
        self.fetched[name] = b""
        self.event(name, command["id"], "queued")
        self.event(name, "other", "failed")  # of somebody else's
        for text in ("nonsense", "", "[]", '{"id": "%s", "pct": "x"}' % command["id"]):
            self.peer.publish("d/%s/evt/%s" % (name, command["id"]), text)
            self.peer.publish("d/%s/blob/req" % name, text)
        self.event(name, command["id"], "running", pct=50, msg="half")
        self.fetch(name)

    def fetch(self, name):
        """One piece after the other, then the end."""
        command = self.commands[name]
        manifest = json.loads(command["manifest"].split("\n")[2])
        at = len(self.fetched[name])
        if at < manifest["packed"]:
            what = {"id": manifest["id"], "off": at, "len": min(4096, manifest["packed"] - at)}
            self.peer.publish("d/%s/blob/req" % name, json.dumps(what), qos=0)
            return
        end = self.ends.get(name, ("succeeded", ""))
        if end:
            self.event(name, command["id"], end[0], reason=end[1])


def fleet_image(t, size=20000):
    signify(t, "-G", "-n", "-p", "key.pub", "-s", "key.sec")
    return image(t, t.random.randbytes(size), "--id", "roll")


def test_stages(t):
    """A few first, in an order that stays; no more than asked for when too many have failed."""
    file = fleet_image(t)
    fleet = Fleet(t, 40)
    words = ("ota", "--all", file, "--percent", "5,25,100", "--pause-on", "10%")
    text = tool.run(t, fleet.broker, *words, stderr=re.compile(r"stage 3 of 3: 40 of 40"))
    assert sorted(text.splitlines()) == sorted(n + ": succeeded" for n in fleet.names), text
    order = fleet.asked
    assert sorted(order) == sorted(fleet.names) and order != fleet.names
    payload = (t.folder / file).read_bytes().split(b"\n", 3)[3]
    assert all(data == payload for data in fleet.fetched.values())
    first, second = set(order[:2]), set(order[2:10])
    # One of ten is not more than a tenth, two are.
    for bad, asked in ((1, 40), (2, 10)):
        fleet.asked = []
        fleet.ends = {name: ("failed", "rolled back: b exit 70") for name in sorted(second)[:bad]}
        text = tool.run(t, fleet.broker, *words, status=1, stderr=re.compile(
            "" if bad == 1 else r"dev: paused: 2 of 10 failed \(dev-\d+, dev-\d+\); 30 not begun"))
        assert text.count("failed: rolled back: b exit 70\n") == bad, text
        assert len(fleet.asked) == asked and set(fleet.asked[:2]) == first, fleet.asked
        assert set(fleet.asked[2:10]) == second, fleet.asked
    fleet.ends = {order[0]: ("timed_out", "")}
    fleet.asked = []
    text = tool.run(t, fleet.broker, "ota", "--json", *fleet.names, file, "--percent", "5,20",
                    status=124)
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[-1]["status"] == 124 and "38 not begun" in lines[-1]["error"], lines
    # All at once: nothing is left to pause.
    tool.run(t, fleet.broker, "ota", *fleet.names, file, status=124, stderr=re.compile(""))


def test_silent(t):
    """One that never answers has its time; Ctrl-C is for all, and ends the stages."""
    file = fleet_image(t)
    fleet = Fleet(t, 10)
    fleet.ends = {"dev-3": None}
    text = tool.run(t, fleet.broker, "ota", "--all", file, "--timeout", 1, "--wait", 1, status=69,
                    stderr=re.compile(""))
    assert "dev-3: no answer: in 1 s\n" in text and text.count("succeeded") == 9, text
    fleet.ends = dict.fromkeys(fleet.names)
    fleet.asked = []
    p = tool.dev(t, fleet.broker, "ota", "--all", file, "--percent", "30,100")
    p.wait_for("all of them", lambda: len(fleet.asked) == 3)
    p.signal(signal.SIGINT)
    p.finish(130, stderr=re.compile("canceling"))
    assert p.stdout.count(": canceled\n") == 3 and len(fleet.asked) == 3, p.stdout


def test_busy(t):
    """An upgrade to the same image is taken up; another one stays what is in the way."""
    file = fleet_image(t)
    fleet = Fleet(t, 2)
    fleet.jobs = {"dev-0": "ota-roll-earlier", "dev-1": "ota-other-1"}
    text = tool.run(t, fleet.broker, "ota", "--all", file, status=125, stderr=re.compile(""))
    assert sorted(text.splitlines()) == ["dev-0: succeeded", "dev-1: rejected: busy"], text


def test_group(t):
    """Who answers to the group's name is in it."""
    file = fleet_image(t)
    fleet = Fleet(t, 5)
    peer = Peer(t, fleet.broker, "group", "g/pumps/cmd")

    def answer():
        id = json.loads(peer.message()[1])["id"]
        for name in fleet.names[:2]:
            peer.publish("d/%s/evt/%s" % (name, id), json.dumps({"id": id, "st": "succeeded"}))

    threading.Thread(target=answer, daemon=True).start()
    text = tool.run(t, fleet.broker, "ota", "--group", "pumps", file, stderr=re.compile(""))
    assert text.count("succeeded") == 2 and sorted(fleet.asked) == fleet.names[:2], text
    tool.run(t, fleet.broker, "ota", "--group", "none", "--wait", 0.2, file, status=69,
             stderr=tool.error("no device is there"))


def test_bars(t):
    """In a terminal each device has a bar; above are the ends."""
    file = fleet_image(t)
    fleet = Fleet(t, 3)
    fleet.ends = {"dev-1": None}
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    p = tool.dev(t, fleet.broker, "ota", "--all", file, stderr=slave)
    os.close(slave)
    seen = b""
    while b"dev-1                    [##########          ]  50 % half" not in seen:
        seen += os.read(master, 1000)
    for _ in range(2):
        p.match("dev-[02]: succeeded")
    p.signal(signal.SIGINT)
    p.line("dev-1: canceled")
    p.finish(130)
    os.close(master)


def test_wrong_words(t):
    """What is no image, no device, no share: said before anything is begun."""
    file = fleet_image(t)
    data = (t.folder / file).read_bytes()
    for name, content in (("empty", b""), ("text", b"a\nb\nc\nd"), ("list", b"a\nb\n[]\n"),
                          ("short", data[:-1]), ("long", data + b"x")):
        (t.folder / name).write_bytes(content)
    fleet = Fleet(t, 2)
    Peer(t, fleet.broker, "other").publish("d/dev-1/state", '{"s": "lost"}', retain=True)
    for words, status, text in (
        ((), 1, "Is a directory|No such file"),
        (("dev-0", "none"), 1, "No such file"),
        (("dev-0", "empty"), 2, "empty is no image"),
        (("dev-0", "text"), 2, "text is no image"),
        (("dev-0", "list"), 2, "list is no image"),
        (("dev-0", "short"), 2, "short is not whole"),
        (("dev-0", "long"), 2, "long is not whole"),
        ((file,), 2, "which?"),
        (("--all", "dev-0", file), 2, "which?"),
        (("--group", "a/b", file), 2, "that is no name"),
        (("a/b", file), 2, "that is no name"),
        (("dev-0", "dev-1", file), 69, "dev-1 is not there: its last word was 'lost'"),
        (("dev-0", "dev-2", file), 69, "dev-2: the broker knows no such device"),
        (("dev-0", file, "--percent", "25,5"), 2, "--percent"),
        (("dev-0", file, "--percent", "5,101"), 2, "--percent"),
        (("dev-0", file, "--pause-on", "x"), 2, "--pause-on"),
    ):
        tool.run(t, fleet.broker, "ota", *words, status=status, stderr=re.compile(text))
    assert not fleet.asked
