"""The agent with another broker than mosquitto: aedes, which shares no code with it."""

import json
import shutil

from agent.support import ROOT, Broker, Device, Peer, free_port, start
from variant.harness import Skip

MAIN = ROOT / "build/aedes/node_modules/aedes/aedes.js"


class Aedes(Broker):
    """Keeps sessions and retained messages as long as it runs."""

    def __init__(self, t):
        if not MAIN.exists() or not shutil.which("node"):
            raise Skip("aedes is not here: tools/fetch-aedes.sh build/aedes")
        self.t = t
        self.port = free_port()
        (t.folder / "mosquitto.log").write_text("")  # where Broker looks
        script = ROOT / "tests/agent/scripts/aedes.mjs"
        self.command = ["node", str(script), str(MAIN), str(self.port)]
        self.start()


def test_life(t):
    """Commands and their answers, output, functions, groups, states, the end."""
    d = Device(t, "", Aedes(t), groups=["all"]).start()
    assert d.states[-1] == "ready"
    a = d.ask("fn.put", fn="f", ver="1", src="def run(job, x):\n    return x * 2\n")
    assert a["st"] == "succeeded", a
    ids = [d.send("run", fn="f", args={"x": i}) for i in range(20)]
    for i, id in enumerate(ids):
        a = d.answer(id)
        assert a.get("result", a.get("reason")) in (2 * i, "busy"), a
    id = d.send("run", argv=["seq", "1", "5000"], stream=True)
    assert d.answer(id)["result"].endswith("\n5000\n")
    whole = "".join("%d\n" % i for i in range(1, 5001)).encode()
    d.until("all output", lambda: sum(len(data) for _, data in d.other) == len(whole))
    assert b"".join(data for _, data in d.other) == whole
    d.peer.publish("g/all/cmd", json.dumps({"id": "g1", "op": "ping"}))
    assert d.answer("g1")["st"] == "succeeded"
    big = d.ask("fn.put", fn="big", ver="1", src="x = '%s'\ndef run(job):\n    return len(x)\n" % (
        "y" * 12000))
    assert big["st"] == "succeeded", big
    assert d.ask("run", fn="big")["result"] == 12000
    d.stop()
    # The state is kept for who comes later.
    late = Peer(t, d.broker, "late", "d/dut/state")
    topic, payload, _, _, _, retained = late.message()
    assert retained and json.loads(payload)["s"] == "off", payload


def test_away(t):
    """The will, commands that wait for the device, a broker that comes back with nothing."""
    broker = Aedes(t)
    d = Device(t, "", broker).start()
    d.kill()
    d.until("the will", lambda: d.states[-1] == "lost")
    ids = [d.send("run", argv=["echo", str(i)]) for i in range(10)]
    d.start()
    for i, id in enumerate(ids):
        assert d.answer(id)["result"] == "%d\n" % i
    broker.kill()
    broker.start()
    d.peer = Peer(t, broker, "server", "d/dut/#")
    d.states = []
    d.until("it to be back", lambda: "ready" in d.states)
    assert d.ask("ping")["st"] == "succeeded"
    d.stop()


def test_client(t):
    """QoS 0 and 1 both ways, retained messages, a filter that is given up; agent/mqtt.py alone."""
    broker = Aedes(t)
    peer = Peer(t, broker, "peer", "up/#")
    peer.publish("down/kept", "k", retain=True)
    p = start(t, """
        import sys
        from agent.mqtt import Client
        c = Client("127.0.0.1", %d, "dut", backoff=(0.02, 0.1),
                   on_suback=lambda filter, qos: print("granted", filter, qos),
                   on_message=lambda m: print(m.topic, str(m.payload, "utf-8"), m.retain))
        c.subscribe("down/#", 1)
        c.start()
        for i in range(200):
            while True:
                try:
                    c.publish("up/%%d" %% (i %% 2), str(i), qos=i %% 2)
                    break
                except Exception:
                    pass
        sys.stdin.readline()
        c.unsubscribe("down/#")
        c.publish("up/end", "", qos=1)
        sys.stdin.readline()
        c.stop()
        """ % broker.port, stdin=-1)
    p.line("granted down/# 1")
    p.line("down/kept k True")
    got = [peer.message()[:3] for _ in range(200)]
    for qos in (0, 1):
        line = [int(payload) for topic, payload, q in got if topic == "up/%d" % qos]
        assert line == list(range(qos, 200, 2)), line
    peer.publish("down/x", "1")
    p.line("down/x 1 False")
    p.popen.stdin.write(b"\n")
    p.popen.stdin.flush()
    assert peer.message()[0] == "up/end"
    p.popen.stdin.close()
    p.finish()
