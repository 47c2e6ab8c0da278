"""Signed commands: forged, replayed, expired, truncated and meant for another device."""

import base64
import json
import shutil
import subprocess
import time

from agent.support import Device, start
from variant.harness import Skip, stress

PUT = "def run(job, x=1):\n    return x * 2\n"


def signify(t, *words):
    if not shutil.which("signify-openbsd"):
        raise Skip("signify-openbsd is not here to sign with")
    subprocess.run(["signify-openbsd", *words], cwd=str(t.folder), check=True)


def need_module(t):
    p = start(t, "try:\n    import signify\n    print(1)\nexcept ImportError:\n    print(0)")
    if p.next_line()[1] != "1":
        raise Skip("this build has no signify: AGENT=1")


class Signer:
    def __init__(self, t, name="key"):
        need_module(t)
        self.t = t
        self.name = name
        signify(t, "-G", "-n", "-p", name + ".pub", "-s", name + ".sec")
        self.public = (t.folder / (name + ".pub")).read_text().splitlines()[1]

    def sign(self, data):
        """The text that carries these bytes and their signature."""
        (self.t.folder / "message").write_bytes(data)
        signify(self.t, "-S", "-e", "-s", self.name + ".sec", "-m", "message", "-x", "signed")
        return (self.t.folder / "signed").read_bytes()

    def command(self, id, op, to="d/dut", exp=3600, **fields):
        return self.sign(json.dumps(dict(fields, id=id, op=op, to=to, exp=int(time.time()) + exp))
                         .encode())


def ask(d, id, text, topic="d/dut/cmd"):
    d.peer.publish(topic, text)
    return d.answer(id)


def refused(d, text, reason, id=None, topic="d/dut/cmd"):
    """An answer of its own for each, which is not kept."""
    n = len(d.events.get(id, ()))
    d.peer.publish(topic, text)
    d.until("%r to be refused" % text, lambda: len(d.events.get(id, ())) > n)
    a = d.events[id].pop()
    if not n:
        del d.events[id]
    assert (a["st"], a["reason"]) == ("rejected", reason), a


def test_verify(t):
    """RFC 8032's vectors, what signify signs, and every change of a byte of them."""
    signer = Signer(t)
    cases = [  # key, message, signature: RFC 8032, 7.1, tests 1 to 3
        ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
         "1cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
         "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
         "984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]
    for size in (1, 64, 111, 112, 127, 128, 5000):
        data = bytes(i * 7 & 255 for i in range(size))
        line = signer.sign(data).split(b"\n", 2)[1]
        cases.append((base64.b64decode(signer.public)[10:].hex(), data.hex(),
                      base64.b64decode(line)[10:].hex()))
    p = start(t, """
        import sys
        from signify import verify
        order = 2 ** 252 + 27742317777372353535851937790883648493
        def flip(data, i):
            data = bytearray(data)
            data[i] ^= 1 << i % 8
            return bytes(data)
        while True:
            line = sys.stdin.readline()
            if not line:
                break
            key, message, signature = (bytes.fromhex(w) for w in line.strip("\\n").split(","))
            wrong = 0
            for i in range(32):
                wrong += verify(flip(key, i), message, signature)
            for i in range(0, len(message), 1 + len(message) // 20):
                wrong += verify(key, flip(message, i), signature)
            for i in range(64):
                wrong += verify(key, message, flip(signature, i))
            wrong += verify(key, message + b"x", signature)
            wrong += verify(key[1:], message, signature) + verify(key, message, signature[1:])
            # S + the group's order: the same point.
            s = int.from_bytes(signature[32:], "little") + order
            wrong += verify(key, message, signature[:32] + s.to_bytes(32, "little"))
            # Points of small order, and no point at all.
            for bad in (bytes(32), b"\\1" + bytes(31), b"\\xff" * 32, b"\\2" + bytes(31)):
                wrong += verify(bad, message, signature)
            print(verify(key, message, signature), wrong)
        try:
            verify(bytearray(32), b"", bytes(64))
        except TypeError:
            print("TypeError")
        """, stdin=-1)
    p.popen.stdin.write("".join(",".join(case) + "\n" for case in cases).encode())
    p.popen.stdin.close()
    for _ in cases:
        p.line("True 0")
    p.line("TypeError")
    p.finish()


def test_needed(t):
    """With keys: unsigned code is refused, wherever it comes from, and what only looks is not."""
    signer = Signer(t)
    d = Device(t, keys=[signer.public], groups=["pumps"]).start()
    assert d.ask("info")["st"] == "succeeded"
    for i, fields in enumerate((
        {"op": "fn.put", "fn": "f", "ver": "1", "src": PUT}, {"op": "run", "argv": ["id"]},
        {"op": "sched.set", "task": {"id": "t", "every": 1, "run": {"fn": "f"}}},
        {"op": "fn.get", "fn": "f"}, {"op": "nothing"}, {},
        {"op": "fn.put", "fn": "f", "ver": "1", "src": PUT, "signed": 9999999999},
    )):
        text = json.dumps(dict(fields, id="u%d" % i))
        refused(d, text, "not signed", "u%d" % i)
        refused(d, text, "not signed", "u%d" % i, "g/pumps/cmd")
        refused(d, '{"cmds": [%s]}' % text, "not signed", "u%d" % i, "d/dut/cmd/list")
    assert d.ask("fn.list")["result"] == []
    a = ask(d, "s1", signer.command("s1", "fn.put", fn="f", ver="1", src=PUT))
    assert a["st"] == "succeeded", a
    # What was refused unsigned may come signed, with the same id.
    a = ask(d, "u1", signer.command("u1", "run", argv=["echo", "x"]))
    assert a["result"] == "x\n", a
    a = ask(d, "s2", signer.command("s2", "run", fn="f", to="g/pumps"), "g/pumps/cmd")
    assert a["result"] == 2, a
    text = signer.command("s3", "run", fn="f", args={"x": 4}).decode()
    a = ask(d, "s3", json.dumps({"cmds": [text]}), "d/dut/cmd/list")
    assert a["result"] == 8, a
    assert d.ask("run", fn="f")["result"] == 2
    # A schedule's runs need no signature: the schedule had one.
    task = {"id": "t", "every": 1, "run": {"fn": "f", "args": {"x": 5}, "signed": "x"}}
    assert ask(d, "s4", signer.command("s4", "sched.set", task=task))["st"] == "succeeded"
    d.until("a run", lambda: any(
        e.get("result") == 10 for id in d.events if str(id)[:3] == "s-t" for e in d.events[id]))
    assert ask(d, "s5", signer.command("s5", "sched.del", task="t"))["st"] == "succeeded"
    d.stop()


def test_forged(t):
    """Another's key, changed, cut, meant for another device, without an end, over."""
    signer, other = Signer(t), Signer(t, "other")
    d = Device(t, keys=[signer.public]).start()
    good = signer.command("f1", "fn.put", fn="f", ver="1", src=PUT)
    comment, line, message = good.split(b"\n", 2)
    stranger = other.command("f1", "fn.put", fn="f", ver="1", src=PUT)
    # A stranger's signature with the number of the key that is known.
    raw = base64.b64decode(stranger.split(b"\n", 2)[1])
    mixed = base64.b64encode(base64.b64decode(line)[:10] + raw[10:])
    for text in (
        stranger, good[:-1], good + b" ", good.replace(b'"ver": "1"', b'"ver": "2"'),
        b"\n".join((comment, mixed, stranger.split(b"\n", 2)[2])), b"\n".join((comment, line)),
        b"\n".join((comment, b"", message)), b"\n".join((comment, line[:50], message)),
        b"\n".join((comment, b"\xff\xff", message)), b"untrusted",
        b"\n".join((comment, line, b"", message)),
    ):
        refused(d, text, "signature")
    refused(d, message, "not signed", "f1")
    for fields, reason in (({"to": "d/other"}, "to"), ({"to": None}, "to"), ({"to": []}, "to"),
                           ({"to": "g/pumps"}, "to")):
        refused(d, signer.command("f1", "run", argv=["id"], **fields), reason, "f1")
    for exp in ({}, {"exp": None}, {"exp": "2100"}):
        text = signer.sign(json.dumps(dict(exp, id="f1", op="ping", to="d/dut")).encode())
        refused(d, text, "exp", "f1")
    refused(d, signer.sign(b'{"id": "f1", "op"'), "malformed")
    assert d.ask("fn.list")["result"] == []
    a = ask(d, "f2", signer.command("f2", "fn.del", fn="f", exp=-5))
    assert (a["st"], a["reason"]) == ("rejected", "expired"), a
    assert ask(d, "f1", good)["st"] == "succeeded"
    d.stop()


def test_replayed(t):
    """A copy of a signed command is answered or refused, never run, whatever came in between."""
    signer = Signer(t)
    d = Device(t, keys=[signer.public], queue=128).start()
    ask(d, "put", signer.command("put", "fn.put", fn="f", ver="1", src=PUT))
    run = signer.command("r", "run", argv=["sh", "-c", "echo x >>../../ran"])
    put = signer.command("p", "fn.put", fn="f", ver="2", src=PUT)
    ran = t.folder / "ran"
    assert ask(d, "r", run)["st"] == ask(d, "p", put)["st"] == "succeeded"
    first = len(d.events["r"])
    d.peer.publish("d/dut/cmd", run)
    d.until("the answer again", lambda: len(d.events["r"]) > first)
    for around in range(2):
        # Others take the place of their answers.
        for i in range(70):
            assert d.ask("run", fn="nothing", id="x%d-%d" % (around, i))["reason"]
        refused(d, run, "replayed", "r")
        refused(d, put, "replayed", "p")
        d.kill()
        d.start()
        refused(d, run, "replayed", "r")
        refused(d, put, "replayed", "p")
    # So many signed ones that not all are remembered: none that ends before is taken any more.
    for i in range(64):
        id = "late%d" % i
        assert ask(d, id, signer.command(id, "fn.del", fn="no", exp=7200))["reason"]
    for text, id in ((run, "r"), (put, "p")):
        refused(d, text, "replayed", id)
    refused(d, signer.command("new", "run", argv=["id"], exp=60), "replayed", "new")
    d.kill()
    d.start()
    refused(d, run, "replayed", "r")
    a = ask(d, "later", signer.command("later", "run", argv=["echo"], exp=7300))
    assert a["result"] == "\n", a
    assert ran.read_text() == "x\n"
    d.stop()


def test_no_flash_for_strangers(t):
    """What is refused for its signature writes nothing."""
    signer = Signer(t)
    d = Device(t, keys=[signer.public]).start()
    journal = d.data / "jobs"
    assert ask(d, "s1", signer.command("s1", "fn.put", fn="f", ver="1", src=PUT))["st"]
    before = journal.read_bytes()
    for i in range(10):
        refused(d, '{"id": "u", "op": "fn.put", "fn": "f"}', "not signed", "u")
        refused(d, b"untrusted x\nRW==\n{}", "signature")
        refused(d, signer.command("s1x", "run", argv=["id"], to="d/other"), "to", "s1x")
    assert journal.read_bytes() == before
    d.stop()


def test_wrong_keys(t):
    """A configuration with what is no key is refused."""
    need_module(t)
    for keys in (["x"], ["RWQ="], [base64.b64encode(b"Xx" + bytes(40)).decode()]):
        d = Device(t, keys=keys)
        d.run()
        p = d.process
        p.popen.wait(20)
        assert p.popen.returncode in (1, 78), p.popen.returncode
        d.broker.kill()


@stress
def test_changed(t):
    """Signed commands with random changes: only an unchanged one does anything."""
    signer = Signer(t)
    d = Device(t, keys=[signer.public]).start()
    good = signer.command("g", "fn.put", fn="f", ver="1", src=PUT)
    comment, line, message = good.split(b"\n", 2)
    base64_set = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for _ in t.repeats(60):
        text = bytearray(message)
        number = bytearray(line)
        for _ in range(t.random.choice((1, 1, 2, 5))):
            at = t.random.randrange(len(text))
            what = t.random.randrange(4)
            if what == 0:
                text[at] ^= 1 << t.random.randrange(8)
            elif what == 1:
                del text[at : at + t.random.randrange(1, 20)]
            elif what == 2:
                text[at:at] = bytes(t.random.randrange(256) for _ in range(3))
            else:  # the last figure has bits that stand for nothing
                number[t.random.randrange(98)] = t.random.choice(base64_set)
        if text != message or number != line:
            refused(d, b"\n".join((comment, bytes(number), bytes(text))), "signature")
    assert d.ask("fn.list")["result"] == []
    assert ask(d, "g", good)["st"] == "succeeded"
    d.stop()

