"""The agent: its parts, and what connects them.

This file is part of micropython-threading, MIT licence.
"""

import json
import os
import sys
import threading
import time

import posix
from agent import mqtt
from agent.commands import Commands, clock_is_set, expired, parse
from agent.files import Files, Log
from agent.functions import Functions, interpreter
from agent.jobs import Jobs, Refused, describe
from agent.mqtt import Client, monotonic
from agent.outbox import Outbox
from agent.process import Process
from agent.provision import ConfigError, Identity, check
from agent.release import KEYS, VERSION
from agent.sched import Schedules
from agent.store import Disk, Ring
from agent.table import Table
from agent.timers import Timers
from agent.upgrade import Upgrades
from micropython import const

# How often to ask all threads for a sign of life, seconds; how long one may give none (a name server
# takes its time), and the exit status after that: then whoever started the agent starts it again.
WATCH = 30
HANG = 300
_DEAD = const(70)

# Where the launcher hears that the agent lives.
_BEAT_FD = const(3)

# The exit status for a configuration that cannot be used: to start again does not help.
_CONFIG = const(78)

# What a configuration may leave out. docs/agent.md explains each.
DEFAULTS = {
    "port": 1883,
    "user": None,
    "password": None,
    "keepalive": 60,
    "backoff": [1, 300],
    "groups": [],
    "tls": None,
    "workers": 2,
    "queue": 16,
    "timeout": 300,
    "max_timeout": 86400,
    "grace": 5,
    "exec": False,
    "idle": 600,
    "heap": "256K",
    "memory": 33554432,
    "files": 32,
    "file_size": 1048576,
    "reserve": 131072,
    "root": None,
    "log": 20,
    "store": 262144,
    "hold": 30,
    "utc_offset": 0,
    "socket": None,
    "hw": "",
    "trial": 300,
    "keys": [],
    "upgrade_keys": [],
    "unsigned": ["cancel", "fn.list", "info", "jobs", "ping", "run", "sched.list"],
}


def tls_context(ca, cert=None, key=None):
    """An ssl.SSLContext that asks for the broker's certificate and shows the device's."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    with open(ca, "rb") as f:
        context.load_verify_locations(cadata=f.read())
    if cert:
        context.load_cert_chain(cert, key)
    return context


class Agent:
    """config is a dict with device, host and data at least; disk is for tests."""

    def __init__(self, config, disk=None, config_file=None, rescue=False):
        self.all_beat = False
        self._ending = threading.Event()
        self._status = 0
        c = self.config = check(config, DEFAULTS)
        device = c["device"]
        self.prefix = "d/%s/" % device
        self._cert = None  # the file in use
        self.boot = int.from_bytes(os.urandom(4), "big")
        self.began = monotonic()
        self.disk = disk or Disk(c["data"])
        try:
            for folder in ("q", "tmp", "log"):
                self.disk.make_folder(folder)
        except OSError as e:
            raise ConfigError("data: " + describe(e))
        self.timers = Timers()
        self.identity = Identity(self.disk, device)
        self._which = 0  # of the certificates, the newest first
        self._was_connected = False
        tls = c["tls"]
        self.client = Client(
            c["host"], c["port"], device, c["user"], c["password"],
            self._context(), tls and tls.get("server_hostname"),
            c["keepalive"], False, (self.prefix + "state", self._state("lost"), 1, True),
            c["backoff"], on_message=self._on_message, on_state=self._on_state, manual_ack=True,
        )
        self.log = Log(
            Disk(c["data"] + "/log"), self.timers, self.client, self.prefix + "log/", c["log"],
            c["hold"],
        )
        mqtt.report = self.log.exception
        self.table = Table(self.disk, "jobs")
        ring = Ring(self.disk, "q", self._send, limit=c["store"], hold=c["hold"])
        self.ring = ring
        self.outbox = Outbox(self.client, self.table, ring, self.prefix + "evt/")
        limits = (
            (posix.RLIMIT_AS, c["memory"]),
            (posix.RLIMIT_NOFILE, c["files"]),
            (posix.RLIMIT_FSIZE, c["file_size"]),
        )
        self.process = {"limits": limits, "cwd": self.disk.root + "tmp"}
        self.functions = Functions(
            self.disk, interpreter(c["heap"]), limits, self.process["cwd"], child_environment()
        )
        self.builtins = {}  # name: function(job, **args), run in a worker's thread
        self.jobs = Jobs(
            self.table, self.timers, self._resolve, self.outbox.event, self.outbox.kick,
            c["workers"], c["queue"], c["timeout"], c["max_timeout"], c["grace"],
            log=self.log.put,
        )
        f = self.functions
        files = Files(c["root"] and Disk(c["root"]), self.log, c["reserve"])
        asked = {  # also by programs
            "ping": lambda command: {"now": int(time.time()), "up": self._up()},
            "info": self.info,
            "jobs": lambda command: self.jobs.list(),
        }
        self.ops = {
            "fn.get": f.get,
            "fn.list": lambda command: f.list(),
            "sched.list": lambda command: self.schedules.list(),
            "file.get": files.get,
            "file.put": files.put,
            "file.ls": files.list,
            "log.set": self.log.set,
        }
        self.ops.update(asked)
        plain = tuple(self.ops)
        self.ops.update({
            "cancel": self._cancel,
            "cert.put": self._cert_put,
            "cert.request": self.identity.request,
            "fn.put": self._fn_put,
            "fn.del": f.delete,
            "file.rm": files.remove,
        })
        opened = opened_by(c["keys"])
        self.rescue = rescue
        self.upgrades = Upgrades(self, opened_by(c["upgrade_keys"] or KEYS), config_file)
        if rescue:
            self.ops = dict(asked, cancel=self._cancel)
        groups = ["g/" + group for group in c["groups"]]
        self.commands = Commands(
            self.table, self.jobs, self.ops, plain, self.outbox.event, 32, opened, c["unsigned"],
            ["d/" + device] + groups, self._greeted, self.client.reconnect,
        )
        self.schedules = Schedules(self.disk, self.timers, self.commands.handle, c["utc_offset"])
        if not rescue:
            self.ops["sched.set"] = self.schedules.set
            self.ops["sched.del"] = self.schedules.delete
        self.parts = [self.timers, self.commands, self.outbox, self.client]  # with a thread each
        if c["socket"] and not rescue:
            from agent.sdk import Sdk

            try:
                self.parts.append(Sdk(c["socket"], self.store, asked, self.builtins))
            except OSError as e:
                raise ConfigError("socket: " + describe(e))
        for name in ("cmd", "cmd/list", "in/#"):
            self.client.subscribe(self.prefix + name, 1)
        self.client.subscribe(self.prefix + "blob/+/+")
        for group in groups:
            self.client.subscribe(group + "/cmd", 1)

    def start(self):
        self.upgrades.start()
        self.jobs.start()
        if not self.rescue:
            self.schedules.start()
        for part in self.parts:
            part.start()

    def run(self):
        """Until SIGTERM, Ctrl-C or exit(), or until one of the threads gives no sign of life."""
        posix.sigterm_interrupts()
        self.start()
        last = monotonic()
        try:
            while True:
                for part in self.parts:
                    part.kick()
                if self._ending.wait(WATCH if self.all_beat else 1):
                    break
                silent = [part.thread for part in self.parts if not part.beat]
                if not silent:
                    self.all_beat = True
                    last = monotonic()
                    for part in self.parts:
                        part.beat = False
                elif monotonic() - last > HANG or not all(t.is_alive() for t in silent):
                    self.log.flush()
                    print("no sign of life:", *(t.name for t in silent), file=sys.stderr)
                    sys.exit(_DEAD)
                if self.upgrades.slot or self.rescue:
                    posix.write(_BEAT_FD, b"b")
        except KeyboardInterrupt:
            pass
        self.stop()
        sys.exit(self._status)

    def exit(self, status):
        """Ends the agent as SIGTERM does, with this status; from any thread."""
        self._status = status
        self._ending.set()

    def stop(self):
        """Says goodbye and writes what is in RAM. Jobs that run are lost."""
        try:
            self.client.publish(self.prefix + "state", self._state("off"), 1, True, True)
        except Exception:
            pass  # the queue is full: the next state says it
        self.client.stop()
        self.outbox.stop()
        self.log.flush()

    def store(self, kind, name, payload):
        """Takes telemetry, logs and events, for the broker now or later; from any thread."""
        self.ring.put(kind, self.prefix + name, payload)

    def info(self, command=None):
        return {
            "ver": VERSION,
            "py": sys.version,
            "boot": self.boot,
            "cert": self._cert,
            "up": self._up(),
            "now": int(time.time()) if clock_is_set() else None,
            "free": self.disk.free(),
            "stored": self.ring.waiting(),
            "dropped": self.ring.dropped,
            "unsent": [len(self.table.unsent), self.table.dropped],
            "refused": self.commands.dropped,
            "stuck": self.jobs.stuck,
            "slot": self.upgrades.slot,
            "versions": self.upgrades.meta,
            "hw": self.config["hw"],
            "ota": self.upgrades.id,
            "fns": [[f["fn"], f["ver"]] for f in self.functions.list()],
            "limits": {k: self.config[k] for k in ("queue", "workers", "max_timeout", "memory")},
        }

    def _up(self):
        return int(monotonic() - self.began)

    def _state(self, state):
        return json.dumps({"s": state, "boot": self.boot, "ver": VERSION})

    def _send(self, topic, payload, done):
        self.client.publish(topic, payload, qos=1, done=done)

    # In the client's thread

    def _on_message(self, message):
        head, _, at = message.topic.rpartition("/")
        if head.startswith(self.prefix + "in/"):
            message.ack()
            self.jobs.feed(head[len(self.prefix) + 3 :], at, message.payload)
        elif head.startswith(self.prefix + "blob/"):
            self.upgrades.feed(head[len(self.prefix) + 5 :], at, message.payload)
        else:
            self.commands.on_message(message)

    def _on_state(self, connected, info):
        if connected:
            self.greet()
            self.upgrades.ask_again()
        else:
            print("mqtt:", info, file=sys.stderr)
            self.log.put(30, "offline: %s" % info)
            self.outbox.kick()
            # The broker was there, and may not have wanted this certificate.
            if self.client.reached and not self._was_connected:
                self._which += 1
                try:
                    self.client.tls = self._context()
                except ConfigError as e:
                    print(e, file=sys.stderr)
        self._was_connected = connected
        self.schedules.event("online" if connected else "offline")

    def greet(self):
        self.outbox.greet(self._greet)  # a new object every time

    def _greeted(self, boot):
        if boot == self.boot:
            self.upgrades.greeted()

    def _greet(self):
        publish = self.client.publish
        publish(self.prefix + "state", self._state("ready"), 1, True, True)
        open = json.dumps({"boot": self.boot, "open": list(self.table.order)})
        publish(self.prefix + "cmd/get", open, 1, False, True)

    def _context(self):
        """With the device's newest certificate, or an older one after that was refused."""
        tls = self.config["tls"]
        if not tls:
            return None
        own = [(self.disk.root + n, None) for n in ("id", "id.old") if self.disk.exists(n)]
        if "cert" in tls or not own:
            own.append((tls.get("cert"), tls.get("key")))
        self._cert, key = own[self._which % len(own)]
        try:
            return tls_context(tls["ca"], self._cert, key)
        except (OSError, ValueError) as e:
            raise ConfigError("tls: " + describe(e))

    # Operations

    def _cert_put(self, command):
        end = self.identity.put(command)
        self._which = 0
        self.client.tls = self._context()
        self.timers.at(monotonic() + 1, self.client.reconnect)  # when the answer has gone
        return {"until": end}

    def _cancel(self, command):
        if not self.jobs.cancel(command.get("job")):
            raise Refused("unknown job")

    def _fn_put(self, command):
        if self.disk.free() < self.config["reserve"]:
            raise Refused("no space")
        return {"ver": self.functions.put(command)}

    def _resolve(self, command):
        if command["id"] not in self.table.begun and expired(command):  # in the queue
            raise Refused("expired")
        op = command["op"]
        if op == "ota":
            return self.upgrades.resolve(command)
        if self.rescue and op != "sh.open":
            raise Refused("rescue")
        if op == "repl.open":
            return self._process(command, self.functions.python, self.functions.options)
        if op == "sh.open" or "argv" in command:
            return self._program(command)
        fn = command.get("fn")
        args = command.get("args", {})
        function = self.builtins.get(fn)
        if function:
            return lambda job: function(job, **args)
        return self.functions.resolve(command, **self._how(command))

    def _how(self, command):
        how = {"online": lambda: self.client.connected, "grace": self.config["grace"]}
        if command["op"] != "run":
            how["tty"] = command.get("size", (24, 80))
            how["idle"] = self.config["idle"]
        if command.get("stream") or "tty" in how:
            topic = "%sout/%s/" % (self.prefix, command["id"])
            how["send"] = lambda offset, data, done: self._send(topic + str(offset), data, done)
        return how

    def _program(self, command):
        argv = command.get("argv", ["sh"])
        if not self.config["exec"]:
            raise Refused("exec is not allowed")
        if not isinstance(argv, list) or not argv or not all(isinstance(a, str) for a in argv):
            raise Refused("argv")
        if command["op"] != "run":
            argv = ["env", "TERM=%s" % command.get("term", "vt100")] + argv
        return self._process(command, argv, self.process)

    def _process(self, command, argv, options):
        how = dict(self._how(command), **options)
        return lambda job: Process(job, argv, **how).run()


def opened_by(keys):
    """What takes a signed text and gives what was signed with one of them, or None; None without keys."""
    if not keys:
        return None
    from agent.signed import Keys

    try:
        return Keys(keys).opened
    except ValueError as e:
        raise ConfigError("keys: " + str(e))


def child_environment():
    """A function's process finds agent, and agent.child, where this one found them."""
    import agent

    path = agent.__file__.rpartition("/agent/")[0]
    if not path.startswith("/"):
        path = os.getcwd() + "/" + path
    bundle = agent.bundle or ""
    return ["PATH=/usr/bin:/bin", "MICROPYPATH=%s:.frozen" % path, "AGENT_BUNDLE=" + bundle]


def prepare(argv):
    """An Agent, or the exit status."""
    posix.umask(0o077)  # keys and journals are nobody else's
    try:
        config = read_config(argv[1])
        verb = (argv + [None])[2]
        if verb == "selftest":
            return selftest(check(config, DEFAULTS))
        if verb in ("request", "cert"):
            config = check(config, DEFAULTS)
            return provision(Identity(Disk(config["data"]), config["device"]), *argv[2:])
        return Agent(config, None, argv[1], verb == "rescue")
    except ConfigError as e:
        print("%s: %s" % (argv[1], e), file=sys.stderr)
        return _CONFIG


def read_config(name):
    try:
        with open(name, "rb") as f:
            return parse(f.read())
    except (OSError, ValueError) as e:
        raise ConfigError(describe(e))


def selftest(config):
    """What a new version can see of itself, beside the one that runs: its parts, its configuration.

    On standard input is its own manifest: one that does not know the key would be the last version.
    """
    from agent import child, sdk  # noqa: F401

    opened = opened_by(config["upgrade_keys"] or KEYS)
    manifest = sys.stdin.read()
    if manifest and not (opened and opened(manifest.encode())):
        raise ConfigError("the manifest is signed by a key that this version does not know")
    tls = config["tls"]
    if tls:
        tls_context(tls["ca"], tls.get("cert"), tls.get("key"))
    print(VERSION)
    return 0


def provision(identity, verb, name=None):
    """Before there is a broker: prints a request, or takes a certificate."""
    if verb == "request":
        print(identity.request(), end="")
    else:
        with open(name) as f:
            print(identity.put({"cert": f.read()}))
    return 0
