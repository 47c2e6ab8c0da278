#!/usr/bin/env python3
"""A broker, three devices and a technician on one machine.

    python3 tools/agent_demo.py [--tls] INTERPRETER...

Starts mosquitto on the loopback interface and three agents, then types what a technician would,
tools/dev, and shows what comes of it; closes with `agent-demo: N passed, N failed, N skipped`, one
for each step. In a terminal it then says what to type and goes on until Enter or Ctrl-C. What was
started is stopped, and what was written is removed.

Each device has a password of its own, and with --tls (a build with TLS) a certificate instead, made
on the spot. tools/agent.acl is what the broker lets it do.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEV = [sys.executable, "-B", str(ROOT / "tools/dev")]
DEVICES = ("pump-1", "pump-2", "pump-3")
LIMIT = 30  # seconds that a step may take

FUNCTION = '''\
def run(job, speed):
    for percent in (25, 50, 75):
        job.progress(percent, "warming up")
        job.wait(0.2)
    return {"flow": speed * 2}
'''

# The states in which a command ends.
TERMINAL = ("succeeded", "failed", "canceled", "timed_out", "rejected", "lost")


def certificate_lines(folder):
    return ["cafile %s/ca.crt" % folder, "certfile %s/localhost.crt" % folder,
            "keyfile %s/localhost.key" % folder, "require_certificate true"]


def broker_command(folder, port, users=None, tls=False, more=()):
    """mosquitto with the rights of tools/agent.acl for each (name, password), or certificate.

    Without users any name will do. more: lines of its configuration.
    """
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    lines = ["listener %d localhost" % port, "acl_file %s" % (ROOT / "tools/agent.acl")]
    if tls:
        lines += [*certificate_lines(folder), "use_identity_as_username true"]
    elif users is None:
        lines.append("allow_anonymous true")
    else:
        passwords = folder / "passwords"
        passwords.write_text("")
        for name, password in users:
            subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True)
        lines += ["allow_anonymous false", "password_file %s" % passwords]
    if os.geteuid() == 0:
        lines.append("user root")  # another could not read the folder
    (folder / "mosquitto.conf").write_text("\n".join([*lines, *more]) + "\n")
    return [program, "-c", str(folder / "mosquitto.conf")]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=str(folder), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificates(folder, names):
    """ca.crt, and for each name NAME.crt and NAME.key."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", "-x509", *key, "-days", "2", "-subj", "/CN=demo", "-keyout", "ca.key",
            "-out", "ca.crt")
    (folder / "san").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in names:
        openssl(folder, "req", "-new", *key, "-subj", "/CN=" + name, "-keyout", name + ".key",
                "-out", "csr")
        openssl(folder, "x509", "-req", "-in", "csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", name + ".crt")


class Demo:
    def __init__(self, folder, interpreter, tls):
        self.folder = folder
        self.interpreter = interpreter
        self.tls = tls
        self.processes = {}
        self.port = free_port()
        self.env = {"DEV_BROKER": "localhost:%d" % self.port}
        if tls:
            make_certificates(folder, ("localhost", "server", *DEVICES))
            self.env["DEV_CA"] = str(folder / "ca.crt")
        self.env.update(self.identity("server"))

    def identity(self, name):
        """The options of who is called so."""
        if not self.tls:
            return {"DEV_USER": name, "DEV_PASSWORD": name + "-secret"}
        return {"DEV_CERT": str(self.folder / (name + ".crt")),
                "DEV_KEY": str(self.folder / (name + ".key"))}

    def start_broker(self):
        users = [(name, name + "-secret") for name in ("server", *DEVICES)]
        self.processes["mosquitto"] = subprocess.Popen(
            broker_command(self.folder, self.port, users, self.tls), stderr=subprocess.DEVNULL)
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            try:
                socket.create_connection(("localhost", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        sys.exit("mosquitto does not listen")

    def start_device(self, name):
        folder = self.folder / name
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "root").mkdir(exist_ok=True)
        config = {"device": name, "host": "localhost", "port": self.port, "exec": True, "grace": 1,
                  "backoff": [0.1, 1], "data": str(folder / "data"), "root": str(folder / "root")}
        config.update(user=name, password=name + "-secret")
        if self.tls:
            paths = [str(self.folder / file) for file in ("ca.crt", name + ".crt", name + ".key")]
            config["tls"] = dict(zip(("ca", "cert", "key"), paths))
        (folder / "config.json").write_text(json.dumps(config))
        path = ":".join(map(str, (ROOT, ROOT / "lib", ".frozen")))
        with open(str(folder / "log"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                [*self.interpreter, "-m", "agent", str(folder / "config.json")], cwd=str(ROOT),
                env=dict(os.environ, MICROPYPATH=path), stderr=log, start_new_session=True)

    def stop(self):
        for name, process in reversed(self.processes.items()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def dev(self, *words, status=0, input="", env=(), quiet=False):
        """What the tool prints, None if it ends otherwise."""
        if not quiet:
            shown = [w if re.fullmatch(r"[\w./:=-]+", w) else "'%s'" % w for w in words]
            before = ["%s=%s" % item for item in dict(env).items()]
            print(" ".join(["$", *before, "tools/dev", *shown]), flush=True)
        done = subprocess.run(
            DEV + list(words), input=input.encode(), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=str(self.folder), timeout=LIMIT,
            env=dict(os.environ, **dict(self.env, **dict(env))))
        text = done.stdout.decode()
        if not quiet:
            print("".join("  " + line + "\n" for line in text.splitlines()), end="", flush=True)
        return text if done.returncode == status else None

    def online(self):
        states = json.loads(self.dev("ls", "--json", quiet=True) or "{}")
        return [name for name in DEVICES if states.get(name, {}).get("s") == "ready"]

    def wait_for(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end:
                return False
        return True

    def steps(self):
        """Yields (what is shown, whether it came out so)."""
        def has(text, word):
            return text is not None and word in text

        self.start_broker()
        for name in DEVICES:
            self.start_device(name)
        yield "Three devices are there.", self.wait_for(lambda: len(self.online()) == 3)
        self.dev("ls")
        (self.folder / "warm.py").write_text(FUNCTION)
        text = self.dev("fn", "push", "warm.py", "pump-1")
        yield "A function is put on a device.", has(text, "warm")
        text = self.dev("run", "pump-1", "warm", "speed=21")
        yield "It runs there, and tells how far it is.", has(text, "75 %") and has(text, "42")
        text = self.dev("run", "pump-2", "--", "sh", "-c", "echo from $PPID; exit 7", status=7)
        yield "A program's output and status.", has(text, "from")
        text = self.dev("run", "--timeout", "0.5", "pump-2", "--", "sleep", "1000", status=124)
        yield "One that goes on for ever ends at its deadline.", text is not None
        text = self.dev("sh", "pump-3", input="echo $((6 * 7)); exit\n")
        yield "A shell.", has(text, "42\r\n")
        (self.folder / "image").write_bytes(os.urandom(100000))
        text = self.dev("cp", "--json", "image", "pump-3:image")
        copy = self.folder / "pump-3/root/image"
        good = text is not None and copy.read_bytes() == (self.folder / "image").read_bytes()
        yield "A file.", good
        text = self.dev("sched", "add", "pump-1", "often", "--every", "1", "warm", "speed=1")
        yield "A schedule runs it.", text is not None and self.wait_for(lambda: re.search(
            "s-often-.* succeeded", self.dev("logs", "pump-1", quiet=True) or ""))
        self.dev("sched", "rm", "pump-1", "often")
        id = (self.dev("run", "--detach", "pump-2", "--", "sleep", "1000") or "").strip()
        self.wait_for(lambda: has(self.dev("jobs", "pump-2", quiet=True), "running"))
        self.processes["pump-2"].kill()
        self.processes["pump-2"].wait()
        good = self.wait_for(lambda: "pump-2" not in self.online())
        text = self.dev("info", "pump-2", status=69)
        yield "A device that is gone is said to be.", good and has(text, "lost")
        self.start_device("pump-2")
        self.wait_for(lambda: "pump-2" in self.online())
        text = self.dev("logs", "-n", "4", "pump-2")
        yield "What ran on it then is lost, and was not run again.", has(text, id + " lost")
        pump_1 = self.identity("pump-1")
        text = self.dev("--wait", "2", "info", "pump-3", status=69, env=pump_1)
        yield "With its own rights pump-1 sees nothing of pump-3.", text is not None
        id = self.dev("run", "--detach", "pump-3", "--", "id", env=pump_1)
        text = self.dev("logs", "pump-3")
        yield "Nor does it command it.", bool(id) and text and id.strip() not in text
        nobody = dict.fromkeys(pump_1, "")
        text = self.dev("--wait", "2", "ls", status=69, env=nobody)
        yield "Nobody comes in without.", text is not None


def main(words):
    tls = words[:1] == ["--tls"]
    interpreter = words[tls:]
    interpreter[0] = os.path.abspath(interpreter[0])
    passed = failed = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="agent-demo-") as folder:
        demo = Demo(Path(folder), interpreter, tls)
        try:
            for text, good in demo.steps():
                print("{}: {}\n".format("ok" if good else "FAIL", text), flush=True)
                passed += bool(good)
                failed += not good
            print("agent-demo: {} passed, {} failed, 0 skipped".format(passed, failed))
            if sys.stdin.isatty():
                print("\nNow you, in another terminal; until Enter or Ctrl-C here:\n")
                for item in demo.env.items():
                    print("export {}={}".format(*item))
                print("tools/dev ls\ntools/dev sh pump-1\ntools/dev --help")
                input()
        except (KeyboardInterrupt, EOFError):
            pass
        finally:
            demo.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
