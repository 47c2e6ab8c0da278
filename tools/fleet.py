#!/usr/bin/env python3
"""Many agents on one machine, one mosquitto: python3 tools/fleet.py AGENTS [QEMU...] INTERPRETER

How long until all are online, how long until all have answered a command to their group and one
command each, what memory they have for themselves, what CPU they take when nothing happens. With a
build that has TLS the agents show a certificate, which they share. With QEMU's user mode in front
the memory is that of the program in it, and more time is allowed. Closes with `fleet: N passed,
N failed, N skipped`, one for each limit.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import agent_demo  # noqa: E402 (found through the line above)
from agent import mqtt  # noqa: E402

# Seconds and KB; docs/fleet.md has what was measured. Objects of 64 bits are twice as large.
# Rounds: another program may have the machine for a moment, so the best of them counts.
ONLINE = {False: 10, True: 30}  # with TLS
ANSWERED = 1
MEMORY = {32: 100, 64: 140}
RECORDS = 100  # more with TLS
ROUNDS = 5
QUIET = 10

PATIENCE = 200

# QEMU puts the program's 4 GB here. Its own pages among them are not writable.
GUEST = 1 << 46
SLOW = 20  # so much more time is allowed


class Server:
    """Counts what arrives."""

    def __init__(self, port, agents):
        self.agents = agents
        self.changed = threading.Condition()
        self.ready = {}  # device: when
        self.answers = {}  # id: {device: when}
        self.client = mqtt.Client(
            "127.0.0.1", port, "server", "server", "let me in", on_message=self.take,
            backoff=(0.05, 0.1), max_queue=4096, max_bytes=1 << 24, inflight=64)
        for filter in ("d/+/state", "d/+/evt/+"):
            self.client.subscribe(filter, 1)
        self.client.start()

    def take(self, message):
        now = time.monotonic()
        _, device, kind, *_ = message.topic.split("/")
        event = json.loads(message.payload)
        with self.changed:
            if kind == "state":
                if event["s"] == "ready":
                    self.ready.setdefault(device, now)
            elif event["st"] in agent_demo.TERMINAL:
                good = event["st"] == "succeeded"
                self.answers.setdefault(event["id"], {}).setdefault(device, now if good else None)
            self.changed.notify()

    def wait(self, what):
        """Until what() has an entry of each agent; how long each took, the longest last."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(what()) == self.agents, PATIENCE):
                sys.exit("%d of %d in %d s" % (len(what()), self.agents, PATIENCE))
            return sorted(what().values())

    def publish(self, topic, command):
        self.client.publish(topic, json.dumps(command), qos=1)


def private(pid, emulated=False):
    """KB that no other process shares."""
    total = 0
    counts = True
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            word, second = line.split(None, 2)[:2]
            if not word.endswith(":"):
                start = int(word.split("-")[0], 16)
                counts = not emulated or GUEST <= start < GUEST + (1 << 32) and "w" in second
            elif word.startswith("Private_") and counts:
                total += int(second)
    return total


def cpu(pids):
    """Seconds of all of them, to the microsecond: ticks of 10 ms would miss most of it."""
    total = 0
    for pid in pids:
        for task in Path("/proc/%d/task" % pid).iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def start(folder, interpreter, port, i, tls):
    name = "dev-%04d" % i
    data = folder / name
    data.mkdir()
    config = {"device": name, "user": name, "password": "x", "host": "127.0.0.1", "port": port,
              "data": str(data), "groups": ["all"], "backoff": [0.1, 1]}
    if tls:
        config["tls"] = {"ca": str(folder / "ca.crt"), "cert": str(folder / "agent.crt"),
                         "key": str(folder / "agent.key"), "server_hostname": "localhost"}
    (data / "config.json").write_text(json.dumps(config))
    return subprocess.Popen(
        [*interpreter, "-X", "heapsize=128K", "-m", "agent", str(data / "config.json")],
        cwd="/", env={"QEMU_GUEST_BASE": hex(GUEST)},
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def broker_command(folder, port, tls_port):
    """The demo's without passwords: mosquitto needs 0.1 s to check one."""
    more = ["set_tcp_nodelay true"]
    if tls_port:
        more.append("listener %d 127.0.0.1" % tls_port)
        more += agent_demo.certificate_lines(folder)
    return agent_demo.broker_command(folder, port, more=more)


def measure(folder, interpreter, agents, processes):
    """Yields (what, figure, limit, unit)."""
    port = agent_demo.free_port()
    tls = not subprocess.call([*interpreter, "-c", "import tls"], stderr=subprocess.DEVNULL)
    tls_port = agent_demo.free_port() if tls else None
    if tls:
        agent_demo.make_certificates(folder, ("localhost", "agent"))
    bits = int(subprocess.check_output(
        [*interpreter, "-c", "import sys; print(64 if sys.maxsize >> 32 else 32)"]))
    emulated = len(interpreter) > 1
    slow = SLOW if emulated else 1
    broker = subprocess.Popen(broker_command(folder, port, tls_port), stderr=subprocess.DEVNULL)
    processes.append(broker)
    server = Server(port, agents)
    while not server.client.connected:
        time.sleep(0.01)
    began = time.monotonic()
    for i in range(agents):
        processes.append(start(folder, interpreter, tls_port or port, i, tls))
    pids = [p.pid for p in processes[1:]]
    yield "online", server.wait(lambda: server.ready)[-1] - began, slow * ONLINE[tls], "s"
    print("   CPU: %.1f ms each, broker %.2f ms for each" % (
        1000 * cpu(pids) / agents, 1000 * cpu([broker.pid]) / agents))
    before = cpu([broker.pid])
    for what in ("a command to the group", "a command each"):
        times = []
        for round in range(ROUNDS):
            id = "%s-%d" % (what[-5:].strip(), round)
            command = {"id": id, "op": "ping"}
            began = time.monotonic()
            if "group" in what:
                server.publish("g/all/cmd", command)
            else:
                for i in range(agents):
                    server.publish("d/dev-%04d/cmd" % i, command)
            got = server.wait(lambda: server.answers.get(id, {}))
            times.append((got[-1] - began, got[len(got) // 2] - began))
        last, median = min(times)
        print("   %s: median %.0f ms, last %.0f ms; worst round %.0f ms" % (
            what, 1000 * median, 1000 * last, 1000 * max(times)[0]))
        yield what + " answered by all", last, slow * ANSWERED, "s"
    print("   broker: %.0f us of CPU for a command and its answer" % (
        1e6 * (cpu([broker.pid]) - before) / agents / ROUNDS / 2))
    memory = sorted(private(pid, emulated) for pid in pids)
    yield "private memory, the largest", memory[-1], MEMORY[bits] + tls * RECORDS, "KB"
    print("   median %d KB, all %.1f MB; broker %d KB" % (
        memory[agents // 2], sum(memory) / 1024, private(broker.pid)))
    before = cpu(pids), cpu([broker.pid])
    time.sleep(QUIET)
    print("   idle: %.4f %% CPU each, broker %.2f %%" % (
        100 * (cpu(pids) - before[0]) / QUIET / agents,
        100 * (cpu([broker.pid]) - before[1]) / QUIET))
    server.client.stop()


def main(agents, interpreter):
    interpreter[-1] = os.path.abspath(interpreter[-1])
    if not (shutil.which("mosquitto") or os.path.exists("/usr/sbin/mosquitto")):
        print("fleet: 0 passed, 0 failed, 1 skipped")
        return 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    passed = failed = 0
    processes = []
    # In memory: what a disk does when 500 machines share it says nothing about one.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fleet-", dir=place) as folder:
        try:
            for what, figure, limit, unit in measure(Path(folder), interpreter, agents, processes):
                good = figure <= limit
                print("%s: %d agents, %s: %.2f of %g %s" % (
                    "ok" if good else "FAIL", agents, what, figure, limit, unit), flush=True)
                passed += good
                failed += not good
        finally:
            for p in processes:
                p.kill()
            for p in processes:
                p.wait()
    print("fleet: {} passed, {} failed, 0 skipped".format(passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
