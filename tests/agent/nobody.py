"""What a device's neighbour may do at the broker of the demo, and names that lead elsewhere."""

import os
import socket
import struct
import sys

from agent.support import (
    CONNACK, CONNECT, ROOT, SUBACK, SUBSCRIBE, Broker, Device, Link, Peer, text,
)

sys.path.insert(0, str(ROOT / "tools"))

import agent_demo  # noqa: E402 (found through the line above)

USERS = (("server", "s"), ("dut", "d"), ("other", "o"))


class User(Peer):
    """A client with a name and a password; what the broker answers to CONNECT is in code."""

    def __init__(self, t, broker, name, password, *filters):
        Link.__init__(self, t, socket.create_connection(("127.0.0.1", broker.port), 5))
        self.messages = []
        who = text(name + "-client") + (text(name) + text(password) if name else b"")
        flags = 2 | (0xC0 if name else 0)
        self.send(CONNECT, text("MQTT") + struct.pack("!BBH", 4, flags, 0) + who)
        self.code = self.expect(CONNACK)[1][1]
        for filter in filters:
            self.send(SUBSCRIBE, b"\0\1" + text(filter) + b"\1", 2)
            self.until(SUBACK)


def demo_broker(t):
    broker = Broker(t)
    broker.kill()
    broker.command = agent_demo.broker_command(t.folder, broker.port, USERS)
    broker.start()
    return broker


def test_rights(t):
    """A device has its own topics alone; the agent does all of its work with these."""
    broker = demo_broker(t)
    assert User(t, broker, "", "").code == 5
    assert User(t, broker, "dut", "o").code == 5
    d = Device(t, broker=FakePeer(broker), user="dut", password="d", groups=["all"])
    d.peer = User(t, broker, "server", "s", "d/#", "g/#")
    spy = User(t, broker, "other", "o", "#", "d/#", "d/dut/#", "d/dut/cmd", "d/+/cmd", "$SYS/#")
    d.start()
    assert d.states[-1] == "ready"
    # A neighbour's commands, answers and states are not passed on: MQTT 3.1.1 acknowledges them.
    for topic, payload in (
        ("d/dut/cmd", '{"id": "x", "op": "fn.put", "fn": "f", "ver": "1", "src": "x = 1"}'),
        ("d/dut/cmd/list", '{"cmds": [{"id": "x", "op": "info"}]}'),
        ("g/all/cmd", '{"id": "x", "op": "info"}'), ("d/dut/state", '{"s": "off"}'),
        ("d/dut/evt/x", '{"id": "x", "st": "failed"}'), ("d/dut/tel/x", "1"),
        ("d/other/cmd", '{"id": "x", "op": "info"}'), ("d/other/../dut/cmd", "{}"),
    ):
        spy.publish(topic, payload)
    spy.publish("d/other/evt/y", '{"id": "y", "st": "failed"}')
    topic, *_ = d.peer.message()
    assert topic == "d/other/evt/y", topic
    # What it may do, with commands of its own and of a group, output and the end.
    a = d.ask("fn.put", fn="f", ver="1", src="def run(job):\n    return 7\n")
    assert a["st"] == "succeeded", a
    id = d.send("run", argv=["echo", "x"], stream=True)
    assert d.answer(id)["result"] == "x\n"
    d.until("output", lambda: any(topic[:4] == "out/" for topic, _ in d.other))
    d.peer.publish("g/all/cmd", '{"id": "g1", "op": "run", "fn": "f"}')
    assert d.answer("g1")["result"] == 7
    assert "x" not in d.events
    d.stop()
    # The neighbour has its own commands and those of groups, which all may read, and nothing else.
    d.peer.publish("d/other/cmd", "end")
    topics = []
    while "d/other/cmd" not in topics:
        topics.append(spy.message()[0])
    assert topics == ["g/all/cmd", "d/other/cmd"], topics


class FakePeer:
    """A broker for Device, which would otherwise connect without a name."""

    def __init__(self, broker):
        self.port = broker.port


def tree(folder):
    return sorted(os.path.join(path, name) for path, folders, names in os.walk(str(folder))
                  for name in folders + names)


def test_paths(t):
    """Names of functions, versions, tasks and telemetry that lead out of their folder."""
    d = Device(t, socket=str(t.folder / "sock")).start()
    (t.folder / "secret.py").write_text("def run(job):\n    return 'secret'\n")
    before = tree(t.folder)
    names = ("../x", "..", ".", "/tmp/x", "a/b", "a\0b", "../../secret", "", "a" * 33, 7, None, [])
    for name in names:
        for fields in (
            {"op": "fn.put", "fn": name, "ver": "1", "src": "x = 1"},
            {"op": "fn.put", "fn": "f", "ver": name, "src": "x = 1"},
            {"op": "fn.get", "fn": name}, {"op": "fn.del", "fn": name},
            {"op": "run", "fn": name}, {"op": "run", "fn": "f", "ver": name},
        ):
            a = d.ask(**fields)
            assert a["st"] in ("rejected", "failed"), (fields, a)
    assert d.ask("run", argv=["true"], cwd="/", env=["A=1"])["st"] == "succeeded"
    new = {path for path in tree(t.folder) if not path.startswith(str(d.data / "log"))}
    assert new - set(before) <= {str(d.data / "jobs")}, new - set(before)
    d.stop()
