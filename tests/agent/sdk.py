"""Programs on the device: telemetry, functions that they serve, and those that do not behave."""

import json
import re
import socket

from agent.support import Broker, Device, Proxy, time_left, wait_for
from variant.harness import Failure, stress


def device(t, **config):
    return Device(t, socket=str(t.folder / "sock"), **config).start()


class Program:
    def __init__(self, t):
        self.t = t
        self.number = 0
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(t.folder / "sock"))
        self.file = self.sock.makefile("rb")

    def send(self, op, **fields):
        self.sock.sendall(json.dumps(dict(fields, op=op)).encode() + b"\n")

    def line(self):
        """The next line, None at the end."""
        self.sock.settimeout(time_left(self.t))
        try:
            line = self.file.readline()
        except ConnectionError:
            line = b""
        except socket.timeout:
            raise Failure("expected a line of the agent in time")
        return json.loads(line) if line else None

    def ask(self, op, **fields):
        self.number += 1
        self.send(op, n=self.number, **fields)
        line = self.line()
        assert line.pop("n") == self.number, line
        return line

    def end(self):
        while self.line() is not None:
            pass

    def close(self):
        self.file.close()
        self.sock.close()


def test_telemetry(t):
    """Several programs at once; what is put arrives, in each one's order."""
    d = device(t)
    programs = [Program(t) for _ in range(8)]
    for i in range(20):
        for k, p in enumerate(programs):
            p.send("put", name="p%d" % k, data={"i": i})
    for p in programs:
        assert p.ask("ping")["result"]["up"] >= 0
    d.until("all of it", lambda: len(d.other) == 160)
    for k in range(8):
        got = [json.loads(data)["i"] for topic, data in d.other if topic == "tel/p%d" % k]
        assert got == list(range(20)), got
    # There is room for eight, and again when one has gone.
    Program(t).end()
    programs[0].close()

    def room():
        try:
            return "result" in Program(t).ask("ping")
        except (AttributeError, BrokenPipeError):
            return False

    wait_for(t, "room", room)
    for p in programs[1:]:
        p.close()
    d.stop()


def test_offline(t):
    """What is put without the broker is kept, the same as the agent's own."""
    broker = Broker(t)
    proxy = Proxy(t, broker.port)
    d = device(t, broker=broker, port=proxy.port)
    p = Program(t)
    proxy.go_down()
    wait_for(t, "it to be offline", lambda: "mqtt:" in "".join(
        line for _, line in d.process.err.lines))
    for i in range(5):
        assert p.ask("put", name="x/y", data=i, **{"class": 2}) == {"result": None}
    proxy.down = False
    d.until("them", lambda: len([1 for topic, _ in d.other if topic == "tel/x/y"]) >= 5)
    assert [int(data) for topic, data in d.other if topic == "tel/x/y"] == list(range(5))
    d.stop()


def test_serve(t):
    """A function in a program: arguments, progress, result, error, cancel, and its end."""
    d = device(t)
    p = Program(t)
    assert p.ask("serve", fn="pump") == {"result": None}
    id = d.send("run", fn="pump", args={"speed": 2})
    assert p.line() == {"run": id, "fn": "pump", "args": {"speed": 2}}
    p.send("progress", id=id, pct=50, msg="half")
    d.running(id, pct=50, msg="half")
    p.send("answer", id=id, result={"flow": 4})
    a = d.answer(id)
    assert (a["st"], a["result"]) == ("succeeded", {"flow": 4}), a
    assert "KeyError" in p.ask("answer", id=id, result=1)["error"]
    id = d.send("run", fn="pump")
    p.line()
    p.send("answer", id=id, error="dry")
    a = d.answer(id)
    assert (a["st"], a["reason"]) == ("failed", "dry"), a
    # Two at once, the second of which is answered first; the other's time is over.
    slow = d.send("run", fn="pump", timeout=0.3)
    assert p.line()["run"] == slow
    fast = d.send("run", fn="pump")
    assert p.line()["run"] == fast
    p.send("answer", id=fast, result=1)
    assert d.answer(fast)["st"] == "succeeded"
    assert p.line() == {"cancel": slow}
    assert d.answer(slow)["st"] == "timed_out"
    # Another program cannot take its place, and has it when the first is no more.
    other = Program(t)
    assert other.ask("serve", fn="pump") == {"error": "Refused: fn"}
    id = d.send("run", fn="pump")
    p.line()
    p.close()
    a = d.answer(id)
    assert (a["st"], a["reason"]) == ("failed", "the program has gone"), a
    a = d.ask("run", fn="pump")
    assert (a["st"], a["reason"]) == ("rejected", "unknown function"), a
    assert other.ask("serve", fn="pump") == {"result": None}
    id = d.send("run", fn="pump")
    assert other.line()["run"] == id
    other.send("answer", id=id)
    assert d.answer(id)["result"] is None
    d.stop()


def test_malformed(t):
    """What is wrong is answered and hurts nobody; what has no end is left."""
    d = device(t)
    p = Program(t)
    good = Program(t)
    for line, error in (
        (b"x", "ValueError"), (b"7", "AttributeError"), (b"{}", "KeyError: op"), (b"\xff\0", "E"),
        (b'{"op":"put","name":"a/#","data":1}', "Refused: name"),
        (b'{"op":"put","name":7,"data":1}', "Refused: name"),
        (b'{"op":"put","name":"a\\u007f","data":1}', "Refused: name"),
        (b'{"op":"put","name":"a","data":1e999}', "ValueError"),
        (b'{"op":"put","name":"a","class":3,"data":1}', "Refused: class"),
        (b'{"op":"put","name":"a","class":"x","data":1}', "Refused: class"),
        (b'{"op":"serve","fn":[]}', "Refused: fn"), (b'{"op":"sh.open"}', "Refused: unsupported"),
        (b'{"op":"fn.del","fn":"f"}', "Refused: unsupported"),
        (b'{"op":"answer","id":"c1"}', "KeyError: c1"), (b"[" * 4000, ""),
    ):
        p.sock.sendall(line + b"\n")
        got = p.line()["error"]
        assert error in got, (line, got)
        assert "result" in good.ask("ping")
    p.sock.sendall(b"y" * 6000)
    p.end()
    assert "result" in good.ask("ping")
    d.stop()


def test_deaf(t):
    """A program that does not read is left, and its jobs fail; the others have their answers."""
    d = device(t)
    deaf, good = Program(t), Program(t)
    assert deaf.ask("serve", fn="deaf") == {"result": None}
    id = d.send("run", fn="deaf")
    d.running(id)
    try:
        while True:
            deaf.send("info", n=1)
    except (BrokenPipeError, ConnectionResetError):
        pass
    a = d.answer(id)
    assert (a["st"], a["reason"]) == ("failed", "the program has gone"), a
    assert "result" in good.ask("ping")
    d.stop()


@stress
def test_anyhow(t):
    """Programs that come, serve, put, die at any moment: no fault of the agent, nothing is left."""
    d = device(t, workers=3, queue=64)
    random = t.random
    for _ in t.repeats(15):
        programs = []
        for k in range(random.randrange(1, 6)):
            p = Program(t)
            programs.append(p)
            p.send("serve", fn="f%d" % random.randrange(3))
        ids = [d.send("run", fn="f%d" % random.randrange(3)) for _ in range(4)]
        for p in programs:
            for _ in range(random.randrange(6)):
                p.sock.sendall(random.choice((
                    b'{"op":"put","name":"a","data":1}\n', b'{"op":"ping","n":1}\n', b"{", b"x\n",
                    b'{"op":"answer","id":"%s","result":1}\n' % random.choice(ids).encode(),
                )))
        for p in programs:
            p.close()
        for id in ids:
            assert d.answer(id)["st"] in ("succeeded", "failed", "rejected"), id
        d.other = []
    good = Program(t)
    assert good.ask("jobs") == {"result": []}
    d.stop()


def test_restart(t):
    """A socket that an agent has left is no hindrance; a folder that is not there ends it."""
    d = device(t)
    d.kill()
    d.start()
    assert "result" in Program(t).ask("ping")
    assert (t.folder / "sock").stat().st_mode & 0o777 == 0o777
    d.stop()
    d.config["socket"] = "/nowhere/sock"
    d.run()
    d.process.finish(1, stderr=re.compile("OSError"))
