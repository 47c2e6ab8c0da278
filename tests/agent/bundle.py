"""agent.romfs beside the interpreter takes the place of the agent that is frozen in."""

import json
import re
import subprocess

from agent.sdk import Program
from agent.sessions import Session
from agent.signed import PUT, Signer, ask
from agent.support import Device, make_bundle, need_frozen
from variant.harness import Interpreter

BUNDLE = "/agent.romfs"


class Slot(Device):
    """`-m agent` in a folder that has a link to the interpreter, as the launcher starts it."""

    def __init__(self, t, **config):
        need_frozen(t)
        super().__init__(t, **config)
        (t.folder / "micropython").symlink_to(t.command[-1])
        self.bundle = t.folder / "agent.romfs"

    def make(self, *options):
        make_bundle(self.bundle, *options)
        return self

    def run(self, setup=None):
        self.process = self.words()

    def words(self, *words):
        (self.t.folder / "config.json").write_text(json.dumps(self.config))
        command = ["./micropython", "-X", "heapsize=256K", "-m", "agent", "config.json", *words]
        environment = {"MICROPYPATH": ".frozen", "AGENT_BUNDLE": ""}
        process = Interpreter(self.t, command, "", {}, environment)
        self.t.processes.append(process)
        return process


def test_whole(t):
    """All that starts something: a function, its terminal, a program, the socket, a schedule."""
    d = Slot(t, socket=str(t.folder / "sock"), root=str(t.folder))
    d.make("--version", "7.8.9").start()
    assert d.ask("info")["result"]["ver"] == "7.8.9"
    src = "import agent\ndef run(job, x):\n    job.progress(50)\n    return [agent.__path__, x]\n"
    assert d.ask("fn.put", fn="where", ver="1", src=src)["st"] == "succeeded"
    id = d.send("run", fn="where", args={"x": 1})
    assert d.answer(id)["result"] == [BUNDLE, 1], d.events
    d.running(id, pct=50)
    d.ask("fn.put", fn="here", ver="1", src=src, mode="thread")
    assert d.ask("run", fn="here", args={"x": 2})["result"] == [BUNDLE, 2], d.events
    bad = "def run(job):\n    return {1: 2}\n"
    d.ask("fn.put", fn="bad", ver="1", src=bad)
    a = d.ask("run", fn="bad")
    assert (a["st"], a["reason"]) == ("failed", "the result is not JSON"), a
    s = Session(d, argv=["env", "PS1=there> ", "sh"])
    s.type("echo $((40 + 2))\n")
    s.see("42")
    s.type("exit\n")
    assert d.answer(s.id)["st"] == "succeeded"
    s = Session(d, "repl.open")
    s.see(">>> ")
    s.type("__import__('agent').bundle\r\n")
    s.see("agent.romfs'")
    d.ask("cancel", job=s.id)
    p = Program(t)
    p.ask("serve", fn="double")
    id = d.send("run", fn="double", args={"x": 4})
    assert p.line()["args"] == {"x": 4}
    p.send("answer", id=id, result=8)
    assert d.answer(id)["result"] == 8
    p.close()
    d.ask("sched.set", task={"id": "s", "on": "boot", "run": {"fn": "where", "args": {"x": 3}}})
    d.ask("log.set", level=20, **{"for": 60})
    assert d.ask("file.ls", path="/")["result"]["n"] > 0
    d.kill()
    d.start()
    d.until("the schedule", lambda: [e for id in d.events if id.startswith("s-s-")
                                     for e in d.events[id] if e.get("result") == [BUNDLE, 3]])
    d.stop()


def test_signed(t):
    signer = Signer(t)
    d = Slot(t, keys=[signer.public]).make().start()
    a = ask(d, "1", signer.command("1", "fn.put", fn="f", ver="1", src=PUT))
    assert a["st"] == "succeeded", a
    assert d.ask("run", fn="f", args={"x": 4})["result"] == 8
    assert d.ask("fn.del", fn="f")["reason"] == "not signed"
    d.stop()


def test_programs(t):
    """What is not the agent itself: its words, and one whose configuration is wrong."""
    d = Slot(t).make("--version", "3")
    d.words("selftest").finish(stdout="3\n")
    d.words("what").finish(2, stderr=re.compile("usage"))
    d.config["port"] = "x"
    d.words().finish(78, stderr=re.compile("port"))


def test_bad(t):
    """Nothing is run in the place of a bundle that is none."""
    d = Slot(t).make()
    good = d.bundle.read_bytes()
    for data in (b"", b"x", b"\xd2\xcd\x31", b"garbage" * 1000, good[:-1], good[1:]):
        d.bundle.write_bytes(data)
        d.words("selftest").finish(1, stdout="", stderr=re.compile(r"\Aagent\.romfs: .*\n\Z"))
    d.bundle.unlink()
    d.bundle.mkdir()
    d.words("selftest").finish(1, stdout="", stderr=re.compile(r"\Aagent\.romfs: .*\n\Z"))
    d.bundle.rmdir()
    d.bundle.write_bytes(b"\xd2\xcd\x31\x00")  # one with nothing in it
    d.words("selftest").finish(1, stdout="", stderr=re.compile("no module named 'agent.core'"))
    d.bundle.unlink()
    d.words("selftest").finish()


# How many bytes of heap agent.core takes, out of the bundle or out of a file.
HEAP = """
import gc, sys
import agent
agent.use("agent.romfs")
if sys.argv[1:]:
    with open("/agent.romfs/core.mpy", "rb") as f, open("core.mpy", "wb") as to:
        to.write(f.read())
    agent.__path__ = "."
gc.collect()
before = gc.mem_alloc()
import agent.core
gc.collect()
print(gc.mem_alloc() - before)
"""


def test_in_place(t):
    """Code and names are not copied: they stay in the file."""
    d = Slot(t).make()
    (t.folder / "heap.py").write_text(HEAP)
    command = ["./micropython", "heap.py"]
    mapped, copied = (
        int(subprocess.run(command + more, cwd=str(t.folder), env={"MICROPYPATH": ".frozen"},
                           stdout=subprocess.PIPE, timeout=60).stdout)
        for more in ([], ["copy"]))
    # Names that the interpreter has itself are copied in neither case.
    assert copied - mapped > 0.75 * d.bundle.stat().st_size, (mapped, copied)
