"""Files both ways, and the log."""

import base64
import hashlib
import os
import time

from agent.support import Device, start
from variant.harness import Skip


def device(t, setup="", **config):
    (t.folder / "root").mkdir(exist_ok=True)
    return Device(t, setup, root=str(t.folder / "root"), reserve=4096, **config)


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


def put(d, path, data, start=0, step=3000):
    """Puts what is missing, from start on; returns the last answer."""
    fields = {"path": path, "size": len(data), "sha256": sum_of(data)}
    while True:
        piece = base64.b64encode(data[start : start + step]).decode()
        a = d.ask("file.put", off=start, data=piece, **fields)
        if a["st"] != "succeeded" or a["result"].get("done"):
            return a
        start = a["result"]["off"]


def get(d, path, start=0, **fields):
    """(what there is from start on, the sum)"""
    data = b""
    while True:
        a = d.ask("file.get", path=path, off=start + len(data), **fields)
        assert a["st"] == "succeeded", a
        data += base64.b64decode(a["result"]["data"])
        if "sha256" in a["result"]:
            return data, a["result"]["sha256"]


def test_both_ways(t):
    """Of any size, also none; names as the system has them; a file is replaced whole."""
    d = device(t, options=("-X", "heapsize=416K")).start()
    root = t.folder / "root"
    (root / "sub").mkdir()
    for size in (0, 1, 2999, 3000, 20000):
        data = t.random.randbytes(size)
        path = "sub/Pumpe süd %d" % size
        assert put(d, path, data)["result"] == {"off": size, "done": True}
        assert (root / path).read_bytes() == data
        assert get(d, path) == (data, sum_of(data))
    put(d, "/sub/1", b"new content")
    assert (root / "sub/1").read_bytes() == b"new content"
    assert get(d, "sub/1", start=4) == (b"content", sum_of(b"new content"))
    a = d.ask("file.ls", path="sub")["result"]
    assert a["n"] == 6 and ["1", 11] in a["names"] and ["Pumpe süd 0", 0] in a["names"], a
    assert d.ask("file.ls", path="")["result"] == {"n": 1, "names": [["sub", None]]}
    for i in range(60):
        (root / ("n%02d" % i)).touch()
    parts = [d.ask("file.ls", path="", off=off)["result"]["names"] for off in (0, 50)]
    names = [name for part in parts for name, _ in part]
    assert names == sorted(os.listdir(str(root))), names
    assert d.ask("file.rm", path="sub/1")["st"] == "succeeded"
    assert not (root / "sub/1").exists()
    d.stop()


def test_names(t):
    """A name that is not UTF-8 is not seen; all others are, in order."""
    d = device(t).start()
    root = t.folder / "root"
    for name in (b"bad\xff", "süd".encode(), b"b", b"\x80", b"a"):
        try:
            open(os.fsencode(str(root)) + b"/" + name, "wb").close()
        except OSError:
            raise Skip("this file system wants UTF-8")
    a = d.ask("file.ls", path="")
    assert a.get("result") == {"n": 3, "names": [["a", 0], ["b", 0], ["süd", 0]]}, a
    d.stop()


def test_refused(t):
    """What is outside, what is no file, what does not fit, what came wrong."""
    d = device(t).start()
    root = t.folder / "root"
    (t.folder / "secret").write_text("secret")
    (root / "sub").mkdir()
    os.mkfifo(str(root / "fifo"))
    for path in ("../secret", "sub/../../secret", "..", "/..", None, 5, ["x"], "f\0", "f\0x"):
        for op in ("file.get", "file.put", "file.ls", "file.rm"):
            a = d.ask(op, path=path, off=0, data="", size=1, sha256="")
            assert (a["st"], a["reason"]) == ("rejected", "path"), (op, path, a)
    for path in ("", ".", "/", "sub/", "sub/."):
        assert put(d, path, b"data")["reason"] == "path", path
    assert sorted(os.listdir(str(root))) == ["fifo", "sub"] and not os.listdir(str(root / "sub"))
    for path in ("none", "sub", "fifo"):
        a = d.ask("file.get", path=path, off=0)
        assert (a["st"], a["reason"]) == ("rejected", "no file"), (path, a)
        assert d.ask("file.rm", path=path)["reason"] == "no file"
    assert d.ask("file.ls", path="none")["st"] == "failed"
    for path in ("none/file", "none/sub/file", "/fifo/file"):
        a = put(d, path, b"data")
        assert (a["st"], a["reason"]) == ("rejected", "no folder"), (path, a)
    data = b"x" * 5000
    a = d.ask("file.put", path="f", off=0, size=3, sha256=sum_of(b"xyz"),
              data=base64.b64encode(b"abc").decode())
    assert (a["st"], a["reason"]) == ("rejected", "sha256"), a
    a = d.ask("file.put", path="f", off=0, size=1 << 50, sha256=sum_of(data), data="")
    assert (a["st"], a["reason"]) == ("rejected", "no space"), a
    assert sorted(os.listdir(str(root))) == ["fifo", "sub"]
    for fields in ({}, {"size": "x"}, {"off": "x", "data": ""}, {"off": 0, "data": 5}):
        a = d.ask("file.put", **dict({"path": "f", "size": 3, "sha256": None}, **fields))
        assert a["st"] in ("failed", "succeeded"), a
    d.stop()
    d = Device(t).start()
    for op in ("file.get", "file.put", "file.ls", "file.rm"):
        a = d.ask(op, path="f", off=0)
        assert (a["st"], a["reason"]) == ("rejected", "path"), a
    d.stop()


def test_resumed(t):
    """After kill -9 it goes on where it was; what comes twice or too early changes nothing."""
    d = device(t).start()
    data = t.random.randbytes(9000)
    fields = {"path": "f", "size": 9000, "sha256": sum_of(data)}

    def piece(off, n=3000):
        text = base64.b64encode(data[off : off + n]).decode()
        return d.ask("file.put", off=off, data=text, **fields)["result"]

    assert piece(0) == {"off": 3000}
    assert piece(6000) == {"off": 3000}
    d.kill()
    d.start()
    assert d.ask("file.put", **fields)["result"] == {"off": 3000, "sum": sum_of(data[:3000])}
    assert piece(3000) == piece(3000) == {"off": 6000}
    assert not (t.folder / "root/f").exists()
    assert piece(6000) == piece(6000) == {"off": 9000, "done": True}
    assert (t.folder / "root/f").read_bytes() == data
    assert os.listdir(str(t.folder / "root")) == ["f"]
    assert d.ask("file.put", **fields)["result"]["done"]
    # What is there of another content is replaced.
    piece(0)
    other = t.random.randbytes(5000)
    d.ask("file.put", path="f", size=5000, sha256=sum_of(other), off=0,
          data=base64.b64encode(other[:100]).decode())
    a = d.ask("file.put", **fields)["result"]
    assert a.get("done") or a["sum"] != sum_of(data[:100]), a
    assert put(d, "f", other)["result"]["done"]
    assert (t.folder / "root/f").read_bytes() == other
    d.stop()


def test_put_cut(t):
    """Power goes at any step: the old content or the new one, and the rest can be put."""
    p = start(t, """
from agent.files import Files, Log, _sum
from cutdisk import after_cuts
import agent.files
from binascii import b2a_base64
# The disk in memory has no os.stat().
agent.files._size = lambda disk, path: len(disk.read(path)) if disk.exists(path) else None
class Quiet:
    disk = None
    def put(self, level, text):
        pass
old, new = b"old" * 9, b"new" * 11
class Memory:
    def pieces(self, name):
        return [new]
sum = _sum(Memory(), "")
def put(disk):
    files = Files(disk, Quiet(), 0)
    command = {"path": "f", "size": len(new), "sha256": sum}
    at = files.put(command)
    off = 0 if "sum" in at and at["sum"] != _sum(Half(at["off"]), "") else at["off"]
    while not at.get("done"):
        at = files.put(dict(command, off=off, data=b2a_base64(new[off : off + 10])))
        off = at["off"]
class Half:
    def __init__(self, n):
        self.n = n
    def pieces(self, name):
        return [new[: self.n]]
finished = []
def scenario(disk):
    del finished[:]
    disk.replace("f", old)
    put(disk)
    finished.append(1)
    disk.append("z", b"z")
cuts = 0
for disk, where in after_cuts(scenario):
    cuts += 1
    there = disk.read("f")
    assert there == new or not finished and there in (None, old), (where, there)
    put(disk)
    assert disk.read("f") == new and not disk.exists("f.part"), where
print("cuts", cuts > 40)
""")
    p.line("cuts True")
    p.finish()


def lines_of(d):
    """[(level, text)] of the log, oldest first."""
    assert d.ask("log.set")["st"] == "succeeded"
    names = [name for name, _ in d.ask("file.ls", log=True, path="")["result"]["names"]]
    text = "".join(get(d, name, log=True)[0].decode() for name in names)
    return [(int(line.split(" ", 2)[1]), line.split(" ", 2)[2]) for line in text.splitlines()]


LOGGER = """
import threading
def log(job, level, text, n=1):
    for i in range(n):
        job.log(text, level)
        if n > 1:
            job.wait(0.001)
agent.builtins["log"] = log
def broken(job):
    agent.timers.at(0, lambda: 1 // 0)
agent.builtins["broken"] = broken
"""


def test_log(t):
    """Commands, exceptions and what functions say are there after a kill; secrets are not."""
    d = device(t, LOGGER).start()
    d.ask("run", fn="log", args={"level": 30, "text": "Pumpe süd\nhot"}, by="ada")
    d.ask("run", fn="log", args={"level": 10, "text": "detail"})
    secrets = ('{"Password": "abc"}', "wifi_key = abc def", "api-token:abc", "PASSWD=abc")
    for text in secrets:
        d.ask("run", fn="log", args={"level": 30, "text": text})
    d.ask("run", fn="broken")
    lines = lines_of(d)
    d.kill()
    assert (20, "c1 run by ada") in lines, lines
    assert (30, "c1: Pumpe süd hot") in lines, lines
    assert (20, "c1 succeeded ") in lines, lines
    assert not any("detail" in text or "abc" in text for _, text in lines), lines
    assert len([text for _, text in lines if text.endswith("***")]) == len(secrets), lines
    assert any(level == 40 and "ZeroDivisionError" in text for level, text in lines), lines
    d.start()
    assert lines_of(d)[: len(lines)] == lines
    d.kill()


def test_log_of_process(t):
    """A function in a process of its own says something."""
    d = device(t).start()
    d.ask("fn.put", fn="say", ver="1", src="def run(job):\n  job.log('from inside', 40)\n")
    say = d.send("run", fn="say")
    d.answer(say)
    assert (40, say + ": from inside") in lines_of(d)
    d.stop()


def test_log_ring(t):
    """Four files of 16 KB, the oldest goes first."""
    d = device(t, LOGGER).start()
    for i in range(10):
        d.ask("run", fn="log", args={"level": 20, "text": "%d " % i + 230 * "x", "n": 40})
    folder = t.folder / "data/log"
    sizes = [f.stat().st_size for f in sorted(folder.iterdir())]
    assert len(sizes) == 4 and all(size <= 16384 for size in sizes), sizes
    lines = [text for _, text in lines_of(d)]
    assert not any(": 0 x" in text for text in lines)
    assert len([text for text in lines if ": 9 x" in text]) == 40
    d.stop()


def test_live(t):
    """From the level asked for on, as long as asked for."""
    d = device(t, LOGGER).start()
    d.ask("run", fn="log", args={"level": 30, "text": "before"})
    d.ask("log.set", level=10, **{"for": 100})
    for level, text in ((10, "detail"), (40, "token=abc")):
        d.ask("run", fn="log", args={"level": level, "text": text})
    d.until("the line", lambda: any(b"token=***" in payload for _, payload in d.other))
    seen = [(topic, payload.split(b" ", 2)[2]) for topic, payload in d.other]
    assert ("log/10", b"c3: detail\n") in seen and ("log/40", b"c4: token=***\n") in seen, seen
    assert not any(b"before" in payload for _, payload in seen)
    d.stop()


def test_live_ends(t):
    """After its seconds there is nothing more."""
    d = device(t, LOGGER).start()
    d.ask("log.set", **{"for": 0.1})
    time.sleep(0.2)
    d.other = []
    d.ask("run", fn="log", args={"level": 40, "text": "after"})
    d.stop()
    assert not d.other, d.other


def test_live_of_two(t):
    """Who reads the log, or asks for less or for a shorter time, takes nothing from another."""
    d = device(t, LOGGER).start()
    d.ask("log.set", level=10, **{"for": 100})
    d.ask("log.set")
    d.ask("log.set", level=10, **{"for": 0})
    d.ask("log.set", level=40, **{"for": 0.1})
    d.ask("log.set", level=40, **{"for": 1000})
    time.sleep(0.2)
    d.ask("run", fn="log", args={"level": 10, "text": "detail"})
    d.until("the line", lambda: any(b"detail" in payload for _, payload in d.other))
    assert len([payload for _, payload in d.other if b"detail" in payload]) == 1, d.other
    d.stop()


def test_log_set_refused(t):
    """What is no level and no time is not taken, and the log goes on."""
    d = device(t, LOGGER).start()
    d.ask("log.set", level=40, **{"for": 100})
    for field in ("level", "for"):
        for value in (None, "20", True, [1], -1, 1 << 40):
            a = d.ask("log.set", **{field: value})
            assert (a["st"], a.get("reason")) == ("rejected", field), (field, value, a)
    assert d.ask("log.set", level=10.5)["reason"] == "level"
    assert d.ask("run", fn="log", args={"level": 40, "text": "hot"})["st"] == "succeeded"
    d.until("the line", lambda: any(b"hot" in payload for _, payload in d.other))
    d.stop()
