"""Technicians' functions: put, listed, edited and run from afar; a bad one hurts nobody else."""

import base64
import subprocess
from pathlib import Path

from agent.commands import TRACE
from agent.support import ROOT, Device, start
from variant.harness import Skip

PUMP = """
def run(job, speed, seconds=1):
    print("pump at", speed)
    job.progress(50, "half")
    return {"flow": speed * 2, "seconds": seconds}
"""


def test_life(t):
    """Put, list, run, get, edit, run the new and the old version, delete; all survive a kill."""
    d = Device(t).start()
    args = {"speed": "number", "seconds": "number = 1"}
    a = d.ask("fn.put", fn="pump", ver="1.0", src=PUMP, args=args)
    assert (a["st"], a["result"]) == ("succeeded", {"ver": "1.0"}), a
    id = d.send("run", fn="pump", args={"speed": 21})
    a = d.answer(id)
    assert (a["st"], a["result"]) == ("succeeded", {"flow": 42, "seconds": 1}), a
    d.running(id, pct=50, msg="half")
    source = d.ask("fn.get", fn="pump")["result"]
    assert (source["src"], source["ver"], source["args"]) == (PUMP, "1.0", args), source
    edited = source["src"].replace("* 2", "* 3")
    a = d.ask("fn.put", fn="pump", ver="1.1", src=edited, args=args, base=source["ver"])
    assert a["result"] == {"ver": "1.1"}, a
    a = d.ask("fn.put", fn="pump", ver="1.2", src=edited, base="1.0")
    assert (a["st"], a["reason"]) == ("rejected", "the last version is 1.1"), a
    d.kill()
    d.start()
    assert d.ask("run", fn="pump", args={"speed": 1})["result"]["flow"] == 3
    assert d.ask("run", fn="pump", ver="1.0", args={"speed": 1})["result"]["flow"] == 2
    a = d.ask("run", fn="pump", ver="9", args={"speed": 1})
    assert (a["st"], a["reason"]) == ("rejected", "unknown version"), a
    listed = d.ask("fn.list")["result"]
    assert listed == [{"fn": "pump", "ver": "1.1", "old": ["1.0"], "kind": "py", "mode": "proc",
                       "args": args}], listed
    assert d.ask("info")["result"]["fns"] == [["pump", "1.1"]]
    for i in range(3):
        d.ask("fn.put", fn="pump", ver="2.%d" % i, src=PUMP)
    assert d.ask("fn.list")["result"][0]["old"] == ["2.0", "2.1"]
    assert sorted(p.name for p in (d.data / "fn/pump").iterdir()) == [
        "2.0", "2.1", "2.2", "meta.json"]
    assert d.ask("fn.del", fn="pump")["st"] == "succeeded"
    assert d.ask("fn.del", fn="pump")["st"] == "rejected"
    assert d.ask("run", fn="pump")["reason"] == "unknown function"
    assert list((d.data / "fn").iterdir()) == []
    d.stop()


def test_refused(t):
    """What is no function is not put."""
    d = Device(t).start()
    good = {"fn": "f", "ver": "1", "src": "def run(job):\n    return 1\n"}
    for change, reason in (
        ({"fn": "../f"}, "fn"),
        ({"fn": ""}, "fn"),
        ({"fn": "F"}, "fn"),
        ({"fn": "x" * 33}, "fn"),
        ({"ver": ".."}, "ver"),
        ({"ver": "a/b"}, "ver"),
        ({"ver": 1}, "ver"),
        ({"ver": "meta.json"}, "ver"),
        ({"src": None}, "neither src nor mpy"),
        ({"mpy": "", "mode": "thread"}, "mode"),
        ({"src": "def run(:"}, "SyntaxError: invalid syntax"),
        ({"mode": "fast"}, "mode"),
    ):
        a = d.ask("fn.put", **dict(good, **change))
        assert (a["st"], a["reason"]) == ("rejected", reason), (a, change)
    for code in (b"", b"M", b"M\1\2\3", b"text"):
        a = d.ask("fn.put", fn="f", ver="1", mpy=base64.b64encode(code).decode())
        assert (a["st"], a["reason"]) == ("rejected", "mpy"), a
    assert d.ask("fn.put", **good)["st"] == "succeeded"
    assert d.ask("fn.put", **good)["st"] == "succeeded"  # the same again
    a = d.ask("fn.put", **dict(good, src="def run(job):\n    return 2\n"))
    assert (a["st"], a["reason"]) == ("rejected", "this version is there with other code"), a
    assert [p.name for p in (d.data / "fn").iterdir()] == ["f"]
    d.config["reserve"] = 1 << 60
    d.stop()
    d.start()
    a = d.ask("fn.put", **dict(good, ver="2"))
    assert (a["st"], a["reason"]) == ("rejected", "no space"), a
    d.stop()


def test_mpy(t):
    """A compiled function."""
    cross = ROOT / "build/host/mpy-cross"
    if not cross.exists():
        raise Skip("mpy-cross is not built")
    (t.folder / "pump.py").write_text(PUMP)
    subprocess.run([str(cross), "pump.py"], cwd=str(t.folder), check=True)
    code = base64.b64encode((t.folder / "pump.mpy").read_bytes()).decode()
    d = Device(t).start()
    assert d.ask("fn.put", fn="pump", ver="1", mpy=code)["st"] == "succeeded"
    assert d.ask("run", fn="pump", args={"speed": 1})["result"]["flow"] == 2
    assert d.ask("fn.get", fn="pump")["result"]["mpy"] == code
    d.stop()


def test_long_result(t):
    """The longest result comes whole."""
    d = Device(t).start()
    d.ask("fn.put", fn="long", ver="1", src="def run(job):\n    return 'x' * 4000\n")
    for _ in range(3):
        assert d.ask("run", fn="long")["result"] == "x" * 4000
    d.stop()


def test_thread(t):
    """A short function in a thread of the agent; two versions are two functions."""
    d = Device(t).start()
    for ver in ("1", "2"):
        source = "n = %s\ndef run(job, x):\n    return n + x\n" % ver
        d.ask("fn.put", fn="quick", ver=ver, src=source, mode="thread")
    assert d.ask("run", fn="quick", args={"x": 1})["result"] == 3
    assert d.ask("run", fn="quick", ver="1", args={"x": 1})["result"] == 2
    a = d.ask("run", fn="quick", args={"x": "a"})
    assert (a["st"], a["reason"][:9]) == ("failed", "TypeError"), a
    d.stop()


BAD = {
    "loops": "while True: pass",
    "raises": "raise ValueError('broken')",
    "leaks": "a = []\n    while True: a.append(bytes(1000))",
    "recurses": "run(job)",
    "dies": "import posix; posix.kill(posix.getpid(), 11)",
    "leaves": "raise SystemExit(4)",
    "talks": "import posix; posix.write(3, b'nonsense\\n')",
    "logs": "import posix\n    posix.write(3, b'{\"log\":\"x\",\"level\":1e999}\\n')\n    while True: pass",
    "floods": "import posix\n    while True: posix.write(3, b'x' * 1000)",
    "prints": "while True: print('x' * 100)",
    "deaf": "import time\n    while True:\n        try: time.sleep(100)\n"
            "        except KeyboardInterrupt: pass",
    "set": "return {1}",
    "long": "return 'x' * 5000",
    "lies": "job.progress({1: 2}, b'')",
    "files": "f = [open('/dev/null') for _ in range(100)]",
    "big": "f = open('big', 'w')\n    while True: f.write('x' * 10000)",
    "nothing": "pass",
}

WANT = {
    "loops": ("timed_out", "KeyboardInterrupt"),
    "raises": ("failed", "ValueError: broken"),
    "leaks": ("failed", "MemoryError"),
    "recurses": ("failed", "RuntimeError: maximum recursion depth exceeded"),
    "dies": ("failed", "signal 11"),
    "leaves": ("failed", "SystemExit: 4"),
    "talks": ("failed", "malformed message from the function"),
    "logs": ("timed_out", "KeyboardInterrupt"),
    "floods": ("timed_out", "too long a message from the function"),
    "prints": ("timed_out", "KeyboardInterrupt"),
    "deaf": ("timed_out", "signal 9"),
    "set": ("failed", "the result is not JSON"),
    "long": ("failed", "the result is too long"),
    "lies": ("failed", "TypeError"),
    "files": ("failed", "OSError: 24"),
    "big": ("failed", None),
    "nothing": ("succeeded", None),
}


def test_bad(t):
    """Whatever a function does, it has its answer, and the agent goes on."""
    d = Device(t, TRACE, timeout=0.7 * t.slow, workers=1).start()
    for name, body in sorted(BAD.items()):
        a = d.ask("fn.put", fn=name, ver="1", src="def run(job):\n    %s\n" % body)
        assert a["st"] == "succeeded", a
        a = d.ask("run", fn=name)
        state, reason = WANT[name]
        got = a.get("reason", "")
        assert a["st"] == state and (reason is None or got.startswith(reason)), a
        if name == "raises":
            assert "line 2, in run" in a["out"], a
        a = d.ask("run", fn="trace", args={"word": name})
        assert a["st"] == "succeeded", a
    for id, code in (("a", "x = 1"), ("b", "run = 5"), ("c", "def run(job, a): pass")):
        d.ask("fn.put", fn=id, ver="1", src=code + "\n")
        a = d.ask("run", fn=id)
        assert a["st"] == "failed", a
    # Nothing of theirs runs on.
    d.process.wait_for("their end", lambda: not children_of(d.process.pid))
    d.stop()


def children_of(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid:
                found.append((path.parent.name, state))
        except OSError:
            pass  # it has ended
    return found


def test_put_cut(t):
    """Power cut in a put, over an older version: the version is there whole or not at all, and

    put again it is there.
    """
    p = start(t, """
        from agent.functions import Functions
        from agent.jobs import Refused
        from cutdisk import after_cuts
        def source(n):
            return "def run(job):\\n    return %d\\n" % n
        done = []
        def put(disk, n):
            Functions(disk, []).put({"fn": "f", "ver": str(n), "src": source(n)})
        def scenario(disk):
            del done[:]
            for i in range(5):
                put(disk, i)
                done.append(i)
            Functions(disk, []).delete({"fn": "f"})
            done.append("deleted")
        states = 0
        for disk, where in after_cuts(scenario):
            fns = Functions(disk, [])
            listed = fns.list()
            have = [int(v) for v in listed[0]["old"] + [listed[0]["ver"]]] if listed else []
            for n in have:
                assert fns.get({"fn": "f", "ver": str(n)})["src"] == source(n), where
            last = done[-1] if done else -1
            if last == "deleted":
                # A name may come back until the folder is synced: then whole.
                assert have in ([], [2, 3, 4]), (where, have)
            else:
                all = list(range(last + 1))
                assert have in (all[-3:], (all + [last + 1])[-3:], []) and (
                    have or last in (-1, 4)), (where, have, last)
            # Nothing but what is in meta.json.
            assert len(disk.names("fn/f")) == len(have) + bool(have), (where, disk.names("fn/f"))
            n = 7
            put(disk, n)
            assert Functions(disk, []).list()[0]["ver"] == "7"
            states += 1
        print("states", states)
        """)
    p.match(r"states [1-9]\d\d")
    p.finish()
