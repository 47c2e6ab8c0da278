"""What the tests of the agent share: a real broker, a scripted one, and a client to look with.

The interpreter is driven by tests/variant/harness.py. What is here knows MQTT from its manual and
shares no code with agent/mqtt.py.
"""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

from variant.harness import Failure, Skip

ROOT = Path(__file__).resolve().parents[2]

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14


def start(t, script, **how):
    """Starts the interpreter on a script that imports from agent/."""
    folders = (ROOT, ROOT / "tests/agent/scripts", ROOT / "lib", ".frozen")
    path = ":".join(map(str, folders))
    env = dict({"MICROPYPATH": path}, **how.pop("env", {}))
    return t.start(script, env=env, **how)


def time_left(t):
    return max(0.05, t.deadline - time.monotonic())


def wait_for(t, what, condition):
    while time.monotonic() < t.deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.002)
    raise Failure("expected %s in time" % what)


def need_frozen(t):
    command = [*t.command, "-c", "import agent.upgrade"]
    if subprocess.run(command, cwd="/", env={}, stderr=subprocess.DEVNULL).returncode:
        raise Skip("the agent is not frozen into this build: AGENT=1")


def mpy_dir():
    return Path(os.environ.get("MPY_DIR") or ROOT / "build/micropython-1.25.0")


def make_bundle(path, *options):
    """agent.romfs, by tools/bundle.py. Every build with AGENT=1 leaves its compiler there."""
    command = [sys.executable, "-B", str(ROOT / "tools/bundle.py"), str(mpy_dir())]
    command += [str(ROOT / "build/host/mpy-cross"), "-o", str(path), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """mosquitto, on a port of its own."""

    def __init__(self, t, config="", persistent=False):
        self.t = t
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        if not os.path.exists(program):
            raise Skip("mosquitto is not here")
        self.port = free_port()
        self.process = None
        lines = [
            "listener %d 127.0.0.1" % self.port,
            "allow_anonymous true",
            "log_type all",
            "set_tcp_nodelay true",
            config,
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # it could not read and write the test's folder
        if persistent:
            lines += ["persistence true", "persistence_location %s/" % t.folder]
            lines += ["autosave_on_changes true", "autosave_interval 1"]
        (t.folder / "mosquitto.log").write_text("")
        self.config = t.folder / "mosquitto.conf"
        self.config.write_text("\n".join(lines) + "\n")
        self.command = [program, "-c", str(self.config)]
        self.start()

    def start(self):
        log = open(str(self.t.folder / "mosquitto.log"), "ab")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        log.close()
        self.t.processes.insert(0, self)  # a failure describes the last

        def listens():
            if self.process.poll() is not None:
                raise Failure("mosquitto ended: " + self.log())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False

        wait_for(self.t, "mosquitto to listen", listens)

    def log(self):
        return (self.t.folder / "mosquitto.log").read_text()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9, also of one that is stopped; what the harness calls at the end."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # What the harness asks of a process.
    script = ""

    @property
    def popen(self):
        return self.process

    @property
    def pid(self):
        return self.process.pid

    out = err = None

    def describe(self):
        return ["mosquitto:"] + self.log().splitlines()[-10:]


class Ended(Exception):
    """The other side closed the connection."""


class Link:
    """MQTT packets over a socket, whole and in the order in which they come."""

    def __init__(self, t, sock):
        self.t = t
        self.sock = sock

    def read(self, n):
        data = b""
        while len(data) < n:
            self.sock.settimeout(time_left(self.t))
            try:
                part = self.sock.recv(n - len(data))
            except socket.timeout:
                raise Failure("expected a packet in time")
            except ConnectionError:
                part = b""
            if not part:
                raise Ended()
            data += part
        return data

    def packet(self):
        """(kind, flags, body) of the next packet."""
        first = self.read(1)[0]
        length = shift = 0
        while True:
            byte = self.read(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first >> 4, first & 15, self.read(length)

    def expect(self, kind):
        """The next packet's (flags, body), which must be of this kind; pings are answered."""
        while True:
            got, flags, body = self.packet()
            if got == PINGREQ and kind != PINGREQ:
                self.send(PINGRESP)
                continue
            if got != kind:
                raise Failure("expected packet %d, got %d: %r" % (kind, got, body))
            return flags, body

    def expect_end(self):
        """Reads until the other side closes."""
        try:
            while True:
                self.packet()
        except Ended:
            pass

    def raw(self, data):
        self.sock.sendall(data)

    def send(self, kind, body=b"", flags=0):
        self.raw(encode(kind, body, flags))

    def close(self):
        self.sock.close()


def encode(kind, body=b"", flags=0):
    head = bytearray([kind << 4 | flags])
    n = len(body)
    while True:
        head.append(n % 128 | (128 if n > 127 else 0))
        n //= 128
        if not n:
            return bytes(head) + body


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("!H", len(data)) + data


def publish(topic, payload, pid=0, flags=0):
    """A PUBLISH, with QoS 1 if there is a packet identifier."""
    body = text(topic) + (struct.pack("!H", pid) if pid else b"") + payload
    return encode(PUBLISH, body, flags | (2 if pid else 0))


def parse_publish(flags, body):
    """(topic, payload, QoS, packet identifier, DUP, RETAIN)"""
    n = struct.unpack("!H", body[:2])[0]
    topic, rest = body[2 : 2 + n].decode(), body[2 + n :]
    qos, pid = flags >> 1 & 3, 0
    if qos:
        pid, rest = struct.unpack("!H", rest[:2])[0], rest[2:]
    return topic, rest, qos, pid, bool(flags & 8), bool(flags & 1)


class FakeBroker:
    """A broker whose every packet the test sends itself."""

    def __init__(self, t, receive_buffer=0):
        self.t = t
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(5)
        self.port = self.listener.getsockname()[1]

    def accept_raw(self):
        self.listener.settimeout(time_left(self.t))
        try:
            sock = self.listener.accept()[0]
        except socket.timeout:
            raise Failure("expected a connection in time")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Link(self.t, sock)

    def accept(self, session=False):
        """The next connection, with CONNECT answered."""
        link = self.accept_raw()
        link.hello = link.expect(CONNECT)[1]
        link.send(CONNACK, bytes([session, 0]))
        return link

    def close(self):
        self.listener.close()


class Proxy:
    """Passes connections on to a port, and cuts them."""

    def __init__(self, t, port):
        self.t = t
        self.target = port
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(5)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.down = False  # new connections are closed at once
        self.left = None  # bytes until the cut
        self.cuts = 0
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def cut_after(self, n):
        """Cuts the connection once n more bytes have passed, both ways together."""
        with self.lock:
            self.left = n

    def go_down(self):
        """Cuts all connections and takes no more until down is False."""
        self.down = True
        for sock in self.open:
            shut(sock)

    def accept(self):
        while True:
            try:
                pair = [self.listener.accept()[0]]
            except OSError:
                return
            try:
                if self.down:
                    raise ConnectionError
                pair.append(socket.create_connection(("127.0.0.1", self.target), 5))
            except OSError:  # the broker may be away, too
                pair[0].close()
                continue
            self.open += pair
            for sock in pair:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(None)
            for way in (pair, pair[::-1]):
                threading.Thread(target=self.forward, args=way, daemon=True).start()

    def forward(self, source, sink):
        try:
            while True:
                data = source.recv(4096)
                if not data:
                    break
                with self.lock:
                    n = len(data) if self.left is None else min(len(data), self.left)
                    if self.left is not None:
                        self.left -= n
                    cut = self.left == 0
                    if cut:
                        self.left = None
                        self.cuts += 1
                sink.sendall(data[:n])
                if cut:
                    break
        except OSError:
            pass
        shut(source)
        shut(sink)

    def close(self):
        self.listener.close()


def shut(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is


class Peer(Link):
    """A client of the broker: the server's side of the test."""

    def __init__(self, t, broker, name="peer", *filters):
        super().__init__(t, socket.create_connection(("127.0.0.1", broker.port), 5))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(CONNECT, text("MQTT") + struct.pack("!BBH", 4, 2, 0) + text(name))
        _, body = self.expect(CONNACK)
        if body[1]:
            raise Failure("refused by the broker: %d" % body[1])
        self.messages = []
        for filter in filters:
            self.send(SUBSCRIBE, b"\0\1" + text(filter) + b"\1", 2)
            self.until(SUBACK)

    def until(self, kind):
        """Takes messages aside until a packet of this kind comes."""
        while True:
            got, flags, body = self.packet()
            if got == PUBLISH:
                self.take(flags, body)
            elif got == kind:
                return body

    def take(self, flags, body):
        message = parse_publish(flags, body)
        if message[3]:
            self.send(PUBACK, struct.pack("!H", message[3]))
        self.messages.append(message)

    def message(self):
        """The next message: (topic, payload, QoS, identifier, DUP, RETAIN)."""
        while not self.messages:
            kind, flags, body = self.packet()
            if kind == PUBLISH:
                self.take(flags, body)
        return self.messages.pop(0)

    def publish(self, topic, payload, qos=1, retain=False):
        payload = payload if isinstance(payload, bytes) else payload.encode()
        self.raw(publish(topic, payload, 1 if qos else 0, int(retain)))
        if qos:
            self.until(PUBACK)


TERMINAL = ("succeeded", "failed", "canceled", "timed_out", "rejected", "lost")

# Runs an agent as `-m agent` does; SETUP may change it before it starts.
AGENT = """
import json, sys
from agent.core import Agent
with open("config.json") as f:
    agent = Agent(json.load(f))
SETUP
agent.run()
"""


class Device:
    """An agent, and the server's side of its topics."""

    def __init__(self, t, setup="", broker=None, options=(), **config):
        self.t = t
        self.options = options  # of the interpreter
        self.broker = broker or Broker(t, "max_queued_messages 100000")
        self.setup = textwrap.dedent(setup)
        self.data = t.folder / "data"
        self.data.mkdir(exist_ok=True)
        self.config = {
            "device": "dut",
            "host": "127.0.0.1",
            "port": self.broker.port,
            "data": str(self.data),
            "backoff": [0.02, 0.1],
            "grace": 0.3 * t.slow,
            "exec": True,
        }
        self.config.update(config)
        self.events = {}  # id: events, as they came
        self.states = []
        self.other = []  # (topic, payload)
        self.number = 0
        self.peer = None
        if isinstance(self.broker, Broker):
            self.reconnect()
        self.process = None

    def reconnect(self):
        """The server, after a broker that was away."""
        self.peer = Peer(self.t, self.broker, "server", "d/dut/#")

    def start(self, setup=None):
        """Returns when it is connected and has asked for commands."""
        self.run(setup)
        self.until("cmd/get", lambda: any(topic == "cmd/get" for topic, _ in self.other))
        self.other = []
        return self

    def run(self, setup=None):
        (self.t.folder / "config.json").write_text(json.dumps(self.config))
        script = AGENT.replace("SETUP", self.setup if setup is None else textwrap.dedent(setup))
        self.process = start(self.t, script, options=self.options)

    def kill(self):
        self.process.kill()

    def stop(self):
        """SIGTERM, and a clean end, when every command is answered."""
        self.ask("ping")  # what came before is known now
        for id in list(self.events):
            self.answer(id)
        self.process.signal(signal.SIGTERM)
        self.until("the state off", lambda: self.states and self.states[-1] == "off")
        self.process.finish(stderr=re.compile(r"\A(mqtt: .*\n)*\Z"))
        self.check()

    # The server

    def take(self):
        topic, payload, *_ = self.peer.message()
        topic = topic[len("d/dut/") :]
        if topic.startswith("evt/"):
            event = json.loads(payload)
            self.events.setdefault(event["id"], []).append(event)
        elif topic == "state":
            self.states.append(json.loads(payload)["s"])
        elif topic not in ("cmd", "cmd/list"):
            self.other.append((topic, payload))

    def until(self, what, condition):
        """Takes messages until condition() is true, and returns what it is."""
        while True:
            result = condition()
            if result:
                return result
            try:
                self.take()
            except (Failure, Ended):
                raise Failure("expected %s; events: %s" % (what, self.events))

    def send(self, op, id=None, **fields):
        """Sends a command; returns its id."""
        self.number += 1
        id = id or "c%d" % self.number
        self.peer.publish("d/dut/cmd", json.dumps(dict(fields, id=id, op=op)))
        return id

    def answer(self, id):
        """Waits for a command's terminal event."""

        def find():
            return [e for e in self.events.get(id, ()) if e["st"] in TERMINAL]

        return self.until("an answer to " + str(id), find)[0]

    def ask(self, op, **fields):
        """Sends a command and waits for its answer."""
        return self.answer(self.send(op, **fields))

    def running(self, id, **fields):
        """Waits for a command's event that it runs, with these fields."""
        want = set(dict(fields, st="running").items())
        self.until("%s to run" % id, lambda: any(
            want <= set(e.items()) for e in self.events.get(id, ()) if e["st"] == "running"))

    def check(self):
        """Every command has one terminal state."""
        for id, events in self.events.items():
            states = {e["st"] for e in events if e["st"] in TERMINAL}
            if id and len(states) != 1:
                raise Failure("expected one terminal state of %s: %s" % (id, events))
