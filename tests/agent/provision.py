"""Wrong configurations, a device's own key, and certificates that come, expire or are refused."""

import json
import re
import shutil
import signal
import subprocess

from agent.mqtt import has_tls
from agent.support import ROOT, Broker, Device, Peer, free_port, start, wait_for
from variant.harness import Skip


def need(t):
    if not has_tls(t):
        raise Skip("this build has no ssl")
    p = start(t, "try:\n    import x509\n    print(1)\nexcept ImportError:\n    print(0)")
    if p.next_line()[1] != "1":
        raise Skip("this build has no x509: AGENT=1")
    if not shutil.which("openssl"):
        raise Skip("openssl is not here to sign certificates")


class Authority:
    """Signs certificates; broker() takes only devices that have one."""

    def __init__(self, t):
        self.t = t
        self.folder = t.folder
        self.make("ca", "-x509", "-addext", "basicConstraints=critical,CA:true")
        self.make("server")
        self.sign("server", "-extfile", self.file("san", "subjectAltName=DNS:localhost"))

    def file(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=str(self.folder), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def make(self, name, *more):
        ending = ".pem" if "-x509" in more else ".csr"
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-keyout", name + ".key", "-subj", "/CN=" + name, "-out",
                     name + ending, *more)

    def sign(self, name, *more, days="30"):
        """The certificate for NAME.csr."""
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-days", days, "-out", name + ".pem", *more)
        return (self.folder / (name + ".pem")).read_text()

    def broker(self):
        broker = Broker(self.t, "max_queued_messages 10000")
        broker.tls_port = free_port()
        self.configure(broker)
        return broker

    def configure(self, broker, cert="server"):
        """(Re)starts it with this certificate."""
        broker.kill()
        text = broker.config.read_text().split("# tls")[0]
        f = self.folder
        broker.config.write_text(
            "per_listener_settings true\n" * ("per_listener" not in text) + text
            + "# tls\nlistener %d 127.0.0.1\ncafile %s/ca.pem\n" % (broker.tls_port, f)
            + "certfile %s/%s.pem\nkeyfile %s/%s.key\n" % (f, cert, f, cert)
            + "require_certificate true\nuse_identity_as_username true\nallow_anonymous false\n")
        broker.start()


def device(t, authority, broker, **tls):
    tls = dict({"ca": str(t.folder / "ca.pem"), "server_hostname": "localhost"}, **tls)
    return Device(t, "", broker, port=broker.tls_port, tls=tls)


def agent(t, d, *words):
    """`-m agent CONFIG.json words`, to its end."""
    (t.folder / "config.json").write_text(json.dumps(d.config))
    return subprocess.run(
        [*t.command, "-m", "agent", str(t.folder / "config.json"), *words], cwd="/", timeout=60,
        env={"MICROPYPATH": "%s:%s/lib:.frozen" % (ROOT, ROOT)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)


def common_name(pem):
    return subprocess.run(
        ["openssl", "req", "-noout", "-verify", "-subject"], input=pem, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True).stdout.strip()


def test_configuration(t):
    """One line says what is wrong; the status tells that another start does not help."""
    d = Device(t)
    for wrong, text in (
        ({"device": "a/b"}, 'device: "a/b"'), ({"device": ""}, 'device: ""'),
        ({"device": "x" * 65}, "device: "), ({"device": None}, "device: null"),
        ({"colour": 1}, "colour: unknown"), ({"port": "1883"}, 'port: "1883"'),
        ({"port": True}, "port: true"), ({"port": -1}, "port: -1"), ({"port": None}, "port: null"),
        ({"groups": "all"}, 'groups: "all"'), ({"groups": ["a/b"]}, "groups: "),
        ({"groups": ["#"]}, "groups: "), ({"groups": [""]}, "groups: "), ({"exec": 1}, "exec: 1"),
        ({"backoff": [2, 1]}, "backoff: [2, 1]"), ({"backoff": 5}, "backoff: 5"),
        ({"backoff": [0, 1]}, "backoff: "), ({"tls": {}}, "tls: {}"), ({"tls": "ca"}, "tls: "),
        ({"tls": {"ca": "x", "certificate": "y"}}, "tls: "), ({"unsigned": [1]}, "unsigned: [1]"),
        ({"heap": 5}, "heap: 5"), ({"socket": 5}, "socket: 5"),
        ({"keepalive": 1.5}, "keepalive: 1.5"), ({"keepalive": 70000}, "keepalive: 70000"),
        ({"workers": 1.5}, "workers: 1.5"), ({"workers": 0}, "workers: 0"),
        ({"port": 1.5}, "port: 1.5"), ({"port": 0}, "port: 0"), ({"port": 99999}, "port: 99999"),
        ({"memory": 1.5}, "memory: 1.5"), ({"files": 0}, "files: 0"), ({"log": 1.5}, "log: 1.5"),
        ({"utc_offset": 0.5}, "utc_offset: 0.5"), ({"hold": -0.5}, "hold: -0.5"),
        ({"socket": "/nowhere/sock"}, "socket: OSError: [Errno 2] ENOENT"),
        ({"socket": str(t.folder / ("x" * 108))}, "socket: OSError: [Errno 22] EINVAL"),
        ({"data": "/nowhere"}, "data: OSError: [Errno 2] ENOENT"),
    ):
        p = agent(t, type("", (), {"config": dict(d.config, **wrong)}))
        assert p.returncode == 78 and p.stdout == "", (wrong, p)
        assert p.stderr.startswith("%s: %s" % (t.folder / "config.json", text)), (wrong, p.stderr)
        assert p.stderr.count("\n") == 1, p.stderr
    for missing in ("device", "host", "data"):
        config = dict(d.config)
        del config[missing]
        p = agent(t, type("", (), {"config": config}))
        assert p.stderr.endswith(": %s: missing\n" % missing), p.stderr
    whole = json.dumps(d.config)
    for text in (whole[:-1], whole[:40], "", "[]", whole + "x", whole[:-1] + ', "hold": 1e999}'):
        name = t.folder / "cut.json"
        name.write_text(text)
        p = subprocess.run([*t.command, "-m", "agent", str(name)], cwd="/", timeout=60,
                           env={"MICROPYPATH": "%s:.frozen" % ROOT}, stderr=subprocess.PIPE)
        assert p.returncode == 78 and p.stderr.count(b"\n") == 1, (text, p)
    p = subprocess.run([*t.command, "-m", "agent", "/nowhere"], cwd="/", stderr=subprocess.PIPE,
                       env={"MICROPYPATH": "%s:.frozen" % ROOT}, timeout=60)
    assert p.returncode == 78 and b"ENOENT" in p.stderr, p


def test_first_tls(t):
    """A key that never leaves the device: request, certificate, connection."""
    need(t)
    authority = Authority(t)
    broker = authority.broker()
    d = device(t, authority, broker)
    first = agent(t, d, "request")
    assert first.returncode == 0 and common_name(first.stdout) == "subject=CN = dut", first
    again = agent(t, d, "request").stdout
    assert common_name(again) == "subject=CN = dut"
    # Another's certificate is refused, and so is what is none.
    authority.make("stranger")
    authority.sign("stranger")
    for name in ("stranger.pem", "config.json"):
        p = agent(t, d, "cert", str(t.folder / name))
        assert p.returncode and "no certificate of the key" in p.stderr, p
    authority.file("dut.csr", again)
    authority.sign("dut")
    p = agent(t, d, "cert", str(t.folder / "dut.pem"))
    assert p.returncode == 0 and re.match(r"\(20\d\d, ", p.stdout), p
    assert agent(t, d, "cert", str(t.folder / "dut.pem")).returncode == 0  # as good again
    d.start()
    assert "as 'dut'" in broker.log() or "u'dut'" in broker.log(), broker.log()
    assert d.ask("info")["result"]["cert"].endswith("/id")
    d.stop()
    assert agent(t, d, "nothing").returncode == 2
    assert (d.data / "id").stat().st_mode & 0o777 == 0o600


def test_rotated_tls(t):
    """From what a batch of devices shares to one of its own, then to the next; one that the broker

    does not want is left again.
    """
    need(t)
    authority = Authority(t)
    broker = authority.broker()
    authority.make("batch")
    authority.sign("batch")
    d = device(t, authority, broker, cert=str(t.folder / "batch.pem"),
               key=str(t.folder / "batch.key")).start()
    assert d.ask("info")["result"]["cert"].endswith("batch.pem")
    assert d.ask("cert.put", cert="x")["reason"] == "no certificate of the key that is here"
    for round in range(2):
        authority.file("dut.csr", d.ask("cert.request")["result"])
        n = len(d.states)
        a = d.ask("cert.put", cert=authority.sign("dut"))
        assert a["st"] == "succeeded" and a["result"]["until"][0] > 2020, a
        d.until("it to come back", lambda: len(d.states) > n)
        assert d.ask("info")["result"]["cert"].endswith("/id")
    # Signed by nobody that the broker knows.
    authority.file("dut.csr", d.ask("cert.request")["result"])
    authority.make("evil", "-x509")
    authority.openssl("x509", "-req", "-in", "dut.csr", "-CA", "evil.pem", "-CAkey", "evil.key",
                      "-CAcreateserial", "-days", "3", "-out", "dut.pem")
    n = len(d.states)
    assert d.ask("cert.put", cert=(t.folder / "dut.pem").read_text())["st"] == "succeeded"
    d.until("it to come back", lambda: len(d.states) > n and d.states[-1] == "ready")
    assert d.ask("info")["result"]["cert"].endswith("/id.old")
    d.stop()
    d.start()
    assert d.ask("info")["result"]["cert"].endswith("/id.old")
    d.stop()


def test_expired_tls(t):
    """A device whose certificate is over, and a broker whose is: each stays outside until there is

    a good one, and neither ends anything.
    """
    need(t)
    authority = Authority(t)
    broker = authority.broker()
    authority.make("old")
    authority.sign("old", days="-1")
    d = device(t, authority, broker, cert=str(t.folder / "old.pem"), key=str(t.folder / "old.key"))
    d.run()
    errors = d.process.err
    wait_for(t, "it to be refused", lambda: sum("mqtt:" in l for _, l in errors.lines) > 2)
    p = agent(t, d, "request")  # beside the agent that runs
    authority.file("dut.csr", p.stdout)
    authority.sign("dut")
    assert agent(t, d, "cert", str(t.folder / "dut.pem")).returncode == 0
    d.until("it to be ready", lambda: "ready" in d.states)
    # The broker's own.
    authority.openssl("req", "-new", "-key", "server.key", "-subj", "/CN=late", "-out", "late.csr")
    shutil.copy(str(t.folder / "server.key"), str(t.folder / "late.key"))
    authority.sign("late", "-extfile", "san", days="-1")
    before = len(errors.lines)
    authority.configure(broker, "late")
    wait_for(t, "it to refuse", lambda: any("expired" in l for _, l in errors.lines[before:]))
    authority.configure(broker)
    d.peer = Peer(t, broker, "server", "d/dut/#")
    d.states = []
    d.until("it to be ready", lambda: "ready" in d.states)
    d.process.signal(signal.SIGTERM)
    d.until("the state off", lambda: d.states[-1] == "off")
    d.process.finish(stderr=re.compile(r"\A((?!Traceback).*\n)*\Z"))


def test_cut_tls(t):
    """Power goes at any step of taking a certificate: the old one, or the new one with its key."""
    need(t)
    p = start(t, """
        import x509
        from agent.provision import Identity
        from cutdisk import CutDisk, after_cuts
        def fake(cert, key):
            if cert not in key:
                raise ValueError
            return 1
        x509 = type("x", (), {
            "check": staticmethod(fake), "make_key": lambda: "k" + str(len(keys)),
            "request": lambda key, name: key})
        import sys
        sys.modules["x509"] = x509
        keys = []
        def scenario(disk):
            del keys[:]
            identity = Identity(disk, "d")
            for i in range(3):
                keys.append(identity.request())
                assert identity.put({"cert": keys[-1]}) == 1
        states = 0
        for disk, where in after_cuts(scenario):
            for name in ("id", "id.old"):
                pair = disk.read(name)
                if pair:
                    pair = str(pair, "ascii")
                    assert pair[:2] == pair[2:], (where, pair)
            identity = Identity(disk, "d")
            key = identity.request()
            identity.put({"cert": key})
            assert disk.read("id") == (key + key).encode()
            states += 1
        print("states", states)
        """)
    p.match(r"states [1-9]\d\d")
    p.finish()


def status(pid, name):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(name + r":\s+(\d+)", f.read()).group(1))


def test_resident(t):
    """The agent as it is on a board, frozen in, with TLS 1.3, certificates and 8 threads: 1 MB."""
    need(t)
    if not t.musl or t.emulated:
        raise Skip("the figure is for a static build with musl; tests/board has that for ARM")
    authority = Authority(t)
    broker = authority.broker()
    authority.make("dut")
    authority.sign("dut")
    d = device(t, authority, broker, cert=str(t.folder / "dut.pem"), key=str(t.folder / "dut.key"))
    d.config.update(socket=str(t.folder / "sock"))
    (t.folder / "config.json").write_text(json.dumps(d.config))
    p = subprocess.Popen(
        [*t.command, "-X", "heapsize=256K", "-m", "agent", str(t.folder / "config.json")],
        cwd="/", env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL)
    try:
        d.until("it to be ready", lambda: "ready" in d.states)
        d.ask("fn.put", fn="f", ver="1", src="def run(job):\n    return 'y' * 1000\n")
        for _ in range(40):
            a = d.ask("run", fn="f")
            assert a["st"] == "succeeded", a
        assert status(p.pid, "Threads") == 8
        assert status(p.pid, "VmRSS") <= 1000, status(p.pid, "VmRSS")
    finally:
        p.kill()
        p.wait()
