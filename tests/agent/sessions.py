"""Shells and REPLs: a terminal over MQTT."""

import json
import os
import re
import signal
import zlib

from agent.support import TERMINAL, Broker, Device, Proxy, wait_for
from agent.processes import alive
from variant.harness import Failure


class Session:
    """The technician's side."""

    def __init__(self, d, op="sh.open", **fields):
        self.d = d
        self.sent = 0
        self.id = d.send(op, **fields)
        d.until("the session", lambda: self.told() is not None or self.ended())
        assert not self.ended(), self.ended()

    def told(self):
        """Bytes of input that the device says it has; None before it says anything."""
        return max([e["in"] for e in self.d.events.get(self.id, ()) if "in" in e], default=None)

    def ended(self):
        return [e for e in self.d.events.get(self.id, ()) if e["st"] in TERMINAL]

    def raw(self, at, data):
        self.d.peer.publish("d/dut/in/%s/%s" % (self.id, at), data)

    def type(self, text):
        self.raw(self.sent, text)
        self.sent += len(text.encode())

    def output(self):
        head = "out/%s/" % self.id
        return b"".join(p for topic, p in self.d.other if topic.startswith(head)).decode()

    def see(self, text, n=1):
        try:
            self.d.until(repr(text), lambda: self.output().count(text) >= n)
        except Failure as e:
            raise Failure("%s, output: %r" % (e, self.output()[-500:]))


def test_shell(t):
    """Output, Ctrl-C, the size, and the shell's own end with its status."""
    d = Device(t).start()
    s = Session(d, size=[11, 77], term="linux", argv=["env", "PS1=there> ", "sh"])
    s.type("tty; stty size; echo $TERM-$((40 + 2))\n")
    s.see("linux-42")
    assert "/dev/" in s.output() and "11 77" in s.output(), s.output()
    s.raw("size", "12 78")
    s.raw("size", "many")
    s.type("stty size\n")
    s.see("12 78")
    s.type("echo be''gun; cat; echo after\n")
    s.see("begun")
    s.type("li''ne\n")
    s.see("li''ne\r\nli''ne\r\n")
    s.type("\x03")
    s.see("there> ", 4)  # what is typed before is thrown away with Ctrl-C
    s.type("echo al''ive\n")
    s.see("alive")
    assert d.ask("jobs")["result"][0]["op"] == "sh.open"
    s.type("exit 7\n")
    a = d.answer(s.id)
    assert (a["st"], a["rc"], a["out"]) == ("failed", 7, ""), a
    s = Session(d)
    s.type("\x04")
    assert d.answer(s.id)["st"] == "succeeded"
    s = Session(d, argv=["sh", "-c", "echo one program"])
    assert d.answer(s.id)["st"] == "succeeded"
    assert "one program" in s.output(), s.output()
    stop(d)


def stop(d):
    d.process.signal(signal.SIGTERM)
    d.until("the state off", lambda: d.states[-1] == "off")
    # A size that was none is told there.
    d.process.finish(stderr=re.compile(""))
    d.check()


def test_repl(t):
    """An interpreter of its own, which knows the agent's modules."""
    d = Device(t, exec=False).start()
    s = Session(d, "repl.open")
    s.see(">>> ")
    # One line at a time: it throws away what is typed while it computes.
    s.type("from agent.core import VERSION\r")
    s.see(">>> ", 2)
    s.type("print('v' + VERSION, 6 * 7); import time; print('for' + ' ever'); time.sleep(1000)\r")
    s.see("v0.1 42")
    s.see("for ever")
    s.type("\x03")
    s.see("KeyboardInterrupt")
    s.see(">>> ", 3)
    s.type("\x04")
    assert d.answer(s.id)["st"] == "succeeded"
    a = d.ask("sh.open")
    assert (a["st"], a["reason"]) == ("rejected", "exec is not allowed"), a
    d.stop()


def test_limits(t):
    """Two at once, beside busy workers; without input, or at its deadline, a session ends."""
    d = Device(t, workers=1, idle=0.5 * t.slow).start()
    d.send("run", id="long", argv=["sleep", "1000"])
    d.running("long")
    one, two = Session(d, argv=["sh", "-c", "echo $$; trap '' TERM; exec cat"]), Session(d)
    a = d.ask("sh.open")
    assert (a["st"], a["reason"]) == ("rejected", "busy"), a
    one.see("\n")
    pid = int(one.output())
    for s in (one, two):
        assert d.answer(s.id)["st"] == "timed_out", d.events[s.id]
    assert not alive(pid)
    d.config["idle"] = 600
    d.kill()
    d.start()
    s = Session(d, timeout=0.3 * t.slow)
    assert d.answer(s.id)["st"] == "timed_out"
    s = Session(d)
    d.ask("cancel", job=s.id)
    a = d.answer(s.id)
    assert (a["st"], a["reason"]) == ("canceled", "signal 1"), a
    fds = len(os.listdir("/proc/%d/fd" % d.process.pid))
    for fields in ({"size": [1]}, {"size": "x"}, {"size": ["a", 1]}):
        a = d.ask("sh.open", **fields)
        assert a["st"] == "failed", (fields, a)
    a = d.ask("sh.open", argv="ls")
    assert (a["st"], a["reason"]) == ("rejected", "argv"), a
    s = Session(d)
    s.type("exit\n")
    d.answer(s.id)
    assert len(os.listdir("/proc/%d/fd" % d.process.pid)) == fds
    d.stop()


def test_lost(t):
    """Killed with the agent, and said to be lost: no shell waits for nobody."""
    d = Device(t).start()
    s = Session(d)
    s.type("echo pid=$$\n")
    d.until("its pid", lambda: re.search(r"pid=(\d+)", s.output()))
    pid = int(re.search(r"pid=(\d+)", s.output()).group(1))
    d.kill()
    wait_for(t, "the shell to end", lambda: not alive(pid))
    d.start()
    assert d.answer(s.id)["st"] == "lost"
    d.kill()
    # One that was taken, and not begun.
    record = json.dumps({"id": "taken", "cmd": {"id": "taken", "op": "sh.open"}}).encode()
    with open(str(d.data / "jobs"), "ab") as f:
        f.write(b"%08x %s\n" % (zlib.crc32(record), record))
    d.start()
    assert d.answer("taken")["st"] == "lost"
    d.stop()


def test_input(t):
    """What comes twice is typed once, what comes too early not at all; much of it arrives."""
    d = Device(t).start()
    s = Session(d, argv=["sh", "-c", "stty raw -echo; echo ready; head -c 40000 | cksum"])
    s.see("ready")
    data = "".join(t.random.choice("abcdefgh") for _ in range(40000))
    s.raw(5, "early")
    d.until("what it has", lambda: len([e for e in d.events[s.id] if e.get("in") == 0]) == 2)
    s.type(data[:100])
    s.raw(0, data[:100])
    s.raw("x", "garbage")
    while s.sent < len(data):
        d.until("room", lambda: s.sent - s.told() < 4096)
        s.type(data[s.sent : s.sent + 500])
    want = os.popen("printf %s | cksum" % data).read().strip()
    s.see(want)
    d.answer(s.id)
    stop(d)


def test_flood(t):
    """A program that writes without end is held by the broker's pace, and stopped by Ctrl-C."""
    d = Device(t, options=("-X", "heapsize=416K")).start()
    s = Session(d)
    s.type("yes xyzzy\n")
    s.see(3000 * "xyzzy\r\n")
    s.type("\x03")
    s.type("echo do''ne\n")
    s.see("done")
    assert d.process.resident() < 20e6
    s.type("exit\n")
    assert d.answer(s.id)["st"] in TERMINAL
    d.stop()


def test_link_lost(t):
    """The link is cut: the session goes on when it is back, and input goes on where it was."""
    broker = Broker(t)
    proxy = Proxy(t, broker.port)
    d = Device(t, broker=broker)
    d.config["port"] = proxy.port
    d.start()
    s = Session(d)
    s.type("echo be''fore\n")
    s.see("before")
    proxy.go_down()
    d.until("the state lost", lambda: d.states[-1] == "lost")
    proxy.down = False
    d.until("the state ready", lambda: d.states[-1] == "ready")
    s.raw(0, "echo twice\n")
    s.type("echo af''ter\n")
    s.see("after")
    assert "twice" not in s.output()
    s.type("exit\n")
    d.answer(s.id)
    stop(d)
