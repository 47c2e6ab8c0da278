#!/usr/bin/env python3
"""A device and its server on one machine: python3 tools/agent_demo.py INTERPRETER...

Starts mosquitto on the loopback interface and the agent, and plays the technician: puts a function
on the device, runs it, edits it, schedules it, lets one run for ever, kills the agent in the
middle of a job and starts it again. The server's side is agent/mqtt.py too, on CPython. Prints
what goes to and fro; closes with `agent-demo: N passed, N failed, N skipped`, one for each step.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from agent import mqtt  # noqa: E402 (found through the line above)

TERMINAL = ("succeeded", "failed", "canceled", "timed_out", "rejected", "lost")
LIMIT = 20  # seconds that an answer may take

FUNCTION = '''
def run(job, speed):
    for percent in (25, 50, 75):
        job.progress(percent, "warming up")
        job.wait(0.2)
    return {"flow": speed * 2}
'''


class Server:
    def __init__(self, port):
        self.changed = threading.Condition()
        self.events = []
        self.client = mqtt.Client(
            "127.0.0.1", port, "server", "server", "let me in", on_message=self.take)
        self.client.subscribe("d/pump-7/#", 1)
        self.client.start()

    def take(self, message):
        topic = message.topic[len("d/pump-7/") :]
        if topic.startswith("evt/"):
            event = json.loads(message.payload)
            print("  <- {}".format(json.dumps(event)), flush=True)
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()
        elif topic == "state":
            state = json.loads(message.payload)
            print("  <- state: {}".format(state["s"]), flush=True)
            with self.changed:
                self.events.append(state)
                self.changed.notify_all()

    def wait(self, condition):
        """The first event for which condition(event) is true; it and what was before it go."""

        def find():
            for i, event in enumerate(self.events):
                if condition(event):
                    del self.events[: i + 1]
                    return event

        with self.changed:
            return self.changed.wait_for(find, LIMIT) or sys.exit("no answer in time")

    def send(self, id, op, **fields):
        command = dict(fields, id=id, op=op)
        print("  -> {}".format(json.dumps(command)), flush=True)
        self.client.publish("d/pump-7/cmd", json.dumps(command), qos=1)

    def ask(self, id, op, **fields):
        self.send(id, op, **fields)
        return self.wait(lambda e: e.get("id") == id and e["st"] in TERMINAL)


def broker_command(folder, port, users):
    """mosquitto with a password and the rights of tools/agent.acl for each (name, password)."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    passwords = folder / "passwords"
    passwords.write_text("")
    for name, password in users:
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True)
    lines = ["listener %d 127.0.0.1" % port, "allow_anonymous false",
             "password_file %s" % passwords, "acl_file %s" % (ROOT / "tools/agent.acl")]
    if os.geteuid() == 0:
        lines.append("user root")  # another could not read the folder
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    return [program, "-c", str(folder / "mosquitto.conf")]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def steps(folder, interpreter, port):
    """Yields (what is shown, whether it came out so)."""
    config = {"device": "pump-7", "host": "127.0.0.1", "port": port, "data": str(folder / "data"),
              "user": "pump-7", "password": "seven", "backoff": [0.1, 1], "grace": 1, "exec": True}
    (folder / "data").mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    server = Server(port)

    def start():
        process = subprocess.Popen(
            [*interpreter, "-m", "agent", str(folder / "config.json")], cwd=str(ROOT),
            stderr=subprocess.DEVNULL)
        server.wait(lambda e: e.get("s") == "ready")
        return process

    device = start()
    try:
        yield "The device is there.", True
        a = server.ask("1", "fn.put", fn="warm", ver="1.0", src=FUNCTION, args={"speed": "number"})
        yield "A function is put on the device.", a["st"] == "succeeded"
        a = server.ask("2", "run", fn="warm", args={"speed": 21})
        yield "It runs there, and tells how far it is.", a.get("result") == {"flow": 42}
        server.ask("3", "fn.put", fn="warm", ver="1.1", src=FUNCTION.replace("* 2", "* 3"))
        a = server.ask("4", "run", fn="warm", args={"speed": 21})
        yield "It is edited.", a.get("result") == {"flow": 63}
        a = server.ask("4", "run", fn="warm", args={"speed": 21})
        yield "The same command again has the same answer, and is not run.", a["st"] == "succeeded"
        server.ask("5", "sched.set", task={
            "id": "t", "every": 1, "run": {"fn": "warm", "args": {"speed": 1}}})
        a = server.wait(lambda e: str(e.get("id"))[:3] == "s-t" and e["st"] in TERMINAL)
        yield "A schedule runs it.", a["st"] == "succeeded"
        server.ask("6", "sched.del", task="t")
        a = server.ask("7", "run", argv=["sleep", "1000"], timeout=1)
        yield "A program that goes on for ever ends at its deadline.", a["st"] == "timed_out"
        server.send("8", "run", argv=["sleep", "1000"])
        server.wait(lambda e: e.get("id") == "8" and e["st"] == "running")
        device.kill()
        device.wait()
        device = start()
        a = server.wait(lambda e: e.get("id") == "8" and e["st"] in TERMINAL)
        yield "kill -9 in the middle of a job: it is reported.", a["st"] == "lost"
        device.terminate()
        server.wait(lambda e: e.get("s") == "off")
        yield "SIGTERM: the device says goodbye.", device.wait(LIMIT) == 0
    finally:
        device.kill()
        device.wait()
        server.client.stop()


def main(interpreter):
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not os.path.exists(program):
        print("agent-demo: 0 passed, 0 failed, 1 skipped")
        return 0
    port = free_port()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="agent-demo-") as folder:
        users = (("server", "let me in"), ("pump-7", "seven"))
        broker = subprocess.Popen(
            broker_command(Path(folder), port, users), stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.02)
            for text, good in steps(Path(folder), interpreter, port):
                print("{}: {}".format("ok" if good else "FAIL", text), flush=True)
                passed += good
                failed += not good
        finally:
            broker.kill()
            broker.wait()
    print("agent-demo: {} passed, {} failed, 0 skipped".format(passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main([os.path.abspath(sys.argv[1]), *sys.argv[2:]]))
