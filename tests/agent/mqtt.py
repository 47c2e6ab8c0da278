"""agent/mqtt.py and a real broker, mosquitto."""

import shutil
import signal
import subprocess
import textwrap

from agent.support import Broker, Peer, Proxy, ROOT, free_port, start, wait_for
from variant.harness import Skip, stress

# Prints what happens to the client; the tests' scripts follow. PORT is the broker's.
EVENTS = """
import sys, threading
from agent import mqtt
def on_state(connected, info):
    print("connected" if connected else "disconnected", info if connected else "")
def on_message(m):
    print("message", m.topic, str(m.payload, "utf-8"), m.pid > 0, m.retain)
def client(**options):
    return mqtt.Client("127.0.0.1", PORT, client_id="dut", on_state=on_state,
        on_message=on_message, backoff=(0.02, 0.1), **options)
"""


def run(t, port, script, **how):
    return start(t, EVENTS.replace("PORT", str(port)) + textwrap.dedent(script), **how)


def test_both_ways(t):
    broker = Broker(t)
    peer = Peer(t, broker, "peer", "up/#")
    p = run(
        t,
        broker.port,
        """
        c = client(on_suback=lambda f, qos: print("granted", f, qos))
        c.subscribe("down/#", 1)
        c.start()
        done = threading.Event()
        c.publish("up/0", "zero")
        c.publish("up/1", b"one", qos=1, done=done.set)
        c.publish("up/2", "x" * 10000, qos=1, retain=True)
        print(done.wait(10))
        sys.stdin.readline()
        c.stop()
        """,
        stdin=-1,
    )
    assert peer.message()[:3] == ("up/0", b"zero", 0)
    assert peer.message()[:3] == ("up/1", b"one", 1)
    assert peer.message()[:3] == ("up/2", b"x" * 10000, 1)
    late = Peer(t, broker, "late", "up/#")
    assert late.message()[0::5] == ("up/2", True)
    lines = sorted(p.next_line()[1] for _ in range(3))
    assert lines == ["True", "connected False", "granted down/# 1"], lines
    peer.publish("down/a", "here", qos=0)
    peer.publish("down/b", "h\u00e9re", qos=1)
    p.line("message down/a here False False")
    p.line("message down/b h\u00e9re True False")
    p.popen.stdin.close()
    p.finish()


def test_cpython(t):
    """The module runs on CPython as it is."""
    broker = Broker(t)
    peer = Peer(t, broker, "peer", "up/#")
    t.command = ["/usr/bin/env", "PYTHONPATH=%s" % ROOT, "python3", "-B"]
    p = run(
        t,
        broker.port,
        """
        c = client()
        c.subscribe("down/#", 1)
        c.start()
        c.publish("up/1", "y" * 20000, qos=1, done=lambda: print("done"))
        sys.stdin.readline()
        c.stop()
        """,
        stdin=-1,
    )
    assert peer.message()[:3] == ("up/1", b"y" * 20000, 1)
    p.line("connected False")
    p.line("done")
    peer.publish("down/a", "here")
    p.line("message down/a here True False")
    p.popen.stdin.close()
    p.finish()


def test_will(t):
    """The broker publishes the will when the client is killed, not when it stops."""
    broker = Broker(t)
    peer = Peer(t, broker, "peer", "state")
    script = """
        c = client(will=("state", "lost", 1, True))
        c.start()
        c.publish("state", "ready", qos=1)
        sys.stdin.readline()
        c.publish("state", "off", qos=1)
        c.stop()
        """
    p = run(t, broker.port, script, stdin=-1)
    assert peer.message()[1] == b"ready"
    p.signal(signal.SIGKILL)
    assert peer.message()[1] == b"lost"
    p = run(t, broker.port, script, stdin=-1)
    assert peer.message()[1] == b"ready"
    p.popen.stdin.close()
    assert peer.message()[1] == b"off"
    p.finish()
    peer.publish("state", "last")
    assert peer.message()[1] == b"last"


def test_session(t):
    """What comes with QoS 1 while the client is dead is delivered when it is back."""
    broker = Broker(t)
    peer = Peer(t, broker)
    script = """
        c = client(on_suback=lambda f, qos: print("granted", f, qos))
        c.subscribe("cmd", 1)
        c.start()
        sys.stdin.readline()
        """
    p = run(t, broker.port, script, stdin=-1)
    p.line("connected False")
    p.line("granted cmd 1")
    p.kill()
    for i in range(3):
        peer.publish("cmd", "command %d" % i)
    p = run(t, broker.port, script, stdin=-1)
    p.line("connected True")
    lines = sorted(p.next_line()[1] for _ in range(4))
    assert lines == ["granted cmd 1"] + ["message cmd command %d True False" % i for i in range(3)]
    p.kill()


def test_broker_killed(t):
    """kill -9 of a broker that forgets its sessions: the client subscribes again."""
    broker = Broker(t)
    p = run(
        t,
        broker.port,
        """
        c = client(on_suback=lambda f, qos: print("granted", f, qos))
        c.subscribe("cmd", 1)
        c.start()
        sys.stdin.readline()
        c.stop()
        """,
        stdin=-1,
    )
    p.line("connected False")
    p.line("granted cmd 1")
    broker.kill()
    p.line("disconnected ")
    broker.start()
    peer = Peer(t, broker)
    while p.next_line()[1] != "granted cmd 1":
        pass
    peer.publish("cmd", "again")
    p.line("message cmd again True False")
    p.popen.stdin.close()
    p.finish()


@stress
def test_link_is_cut(t):
    """Everything published with QoS 1 arrives, in order but for repetitions, wherever the link

    is cut; and so do the commands, which are acknowledged by hand.
    """
    for _ in t.repeats(3):
        broker = Broker(t, "max_queued_messages 10000")
        peer = Peer(t, broker, "peer", "up")
        proxy = Proxy(t, broker.port)
        p = run(
            t,
            proxy.port,
            """
            from queue import Full
            def on_message(m):
                print(str(m.payload, "utf-8"))
                m.ack()
            c = client(manual_ack=True)
            c.on_state = None
            c.on_message = on_message
            c.subscribe("down", 1)
            c.start()
            room = threading.Semaphore(0)
            sys.stdin.readline()
            for i in range(300):
                while True:
                    try:
                        c.publish("up", "%d" % i, qos=1, done=room.release)
                        break
                    except Full:
                        room.acquire(timeout=0.2)
            sys.stdin.readline()
            c.stop()
            """,
            stdin=-1,
        )
        wait_for(t, "the subscription", lambda: "Sending SUBACK to dut" in broker.log())
        p.popen.stdin.write(b"\n")
        p.popen.stdin.flush()
        got, first = set(), []
        for i in range(300):
            if i % 10 == 0:
                peer.publish("down", "c%d" % i)
        while len(got) < 300:
            if t.random.random() < 0.2:
                proxy.cut_after(t.random.randrange(800))
            n = int(peer.message()[1])
            if n not in got:
                first.append(n)
            got.add(n)
        assert first == list(range(300)), first
        commands = {"c%d" % i for i in range(0, 300, 10)}
        while commands:
            commands.discard(p.next_line()[1])
        p.popen.stdin.close()
        p.finish()
        t.counts["cuts"] += proxy.cuts
        proxy.close()
        broker.kill()


def test_frozen_broker(t):
    """A broker that is stopped is noticed; what was published meanwhile arrives."""
    broker = Broker(t)
    peer = Peer(t, broker, "peer", "up")
    p = run(
        t,
        broker.port,
        """
        c = client(keepalive=1, connect_timeout=2)
        c.start()
        sys.stdin.readline()
        c.publish("up", "late", qos=1)
        sys.stdin.readline()
        c.stop()
        """,
        stdin=-1,
    )
    p.line("connected False")
    broker.signal(signal.SIGSTOP)
    p.popen.stdin.write(b"\n")
    p.popen.stdin.flush()
    p.line("disconnected ")
    broker.signal(signal.SIGCONT)
    # Twice, if the broker read the first one and could not answer it.
    assert peer.message()[1] == b"late"
    p.popen.stdin.close()
    p.finish()


def test_threads(t):
    """Eight threads publish at once: nothing is lost, mixed or doubled, each thread's in order."""
    broker = Broker(t, "max_queued_messages 10000")
    peer = Peer(t, broker, "peer", "up/#")
    p = run(
        t,
        broker.port,
        """
        from queue import Full
        import time
        c = client()
        c.start()
        def work(n):
            for i in range(100):
                while True:
                    try:
                        c.publish("up/%d" % n, "%d " % i * 20, qos=i & 1)
                        break
                    except Full:
                        time.sleep(0.001)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        c.stop(30)
        """,
    )
    got = {n: [] for n in range(8)}
    for _ in range(800):
        topic, payload, *_ = peer.message()
        numbers = payload.split()
        assert len(numbers) == 20 and len(set(numbers)) == 1, payload
        got[int(topic[3:])].append(int(numbers[0]))
    for numbers in got.values():
        # Each quality of service is a line of its own.
        assert [n for n in numbers if n % 2 == 0] == list(range(0, 100, 2)), numbers
        assert [n for n in numbers if n % 2] == list(range(1, 100, 2)), numbers
    p.finish()


def test_refused(t):
    """A broker that refuses the password is asked again, and stop() ends that."""
    broker = Broker(t, "password_file /dev/null")
    broker.config.write_text(broker.config.read_text().replace(
        "allow_anonymous true", "allow_anonymous false"))
    broker.kill()
    broker.start()
    p = start(
        t,
        """
        import sys
        from agent import mqtt
        def on_state(connected, info):
            print(connected, type(info).__name__, info)
        c = mqtt.Client("127.0.0.1", %d, "dut", "me", "wrong", on_state=on_state,
            backoff=(0.01, 0.02))
        c.start()
        sys.stdin.readline()
        c.stop()
        """
        % broker.port,
        stdin=-1,
    )
    for _ in range(3):
        p.line("False MQTTError refused by the broker: 5")
    p.popen.stdin.close()
    p.finish()


def make_certificates(folder):
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=str(folder), check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca",
            "-days", "2")
    for name in ("localhost", "dut"):
        openssl("req", *key, "-keyout", name + ".key", "-out", name + ".csr",
                "-subj", "/CN=" + name)
        (folder / "ext").write_text("subjectAltName=DNS:" + name)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", name + ".crt", "-days", "2", "-extfile", "ext")


def has_tls(t):
    p = start(t, "try:\n    import ssl\n    print(1)\nexcept ImportError:\n    print(0)")
    return p.next_line()[1] == "1"


def test_tls(t):
    """Both sides show certificates; both ways, and a broker that is killed."""
    if not has_tls(t):
        raise Skip("this build has no ssl")
    if not shutil.which("openssl"):
        raise Skip("openssl is not here to make certificates")
    make_certificates(t.folder)
    broker = Broker(t)
    broker.kill()
    f = str(t.folder)
    port = free_port()
    broker.config.write_text(
        broker.config.read_text()
        + "listener %d 127.0.0.1\ncafile %s/ca.crt\ncertfile %s/localhost.crt\n" % (port, f, f)
        + "keyfile %s/localhost.key\nrequire_certificate true\n" % f
    )
    broker.start()
    peer = Peer(t, broker, "peer", "up")
    p = run(
        t,
        port,
        """
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_REQUIRED
        def read(name):
            with open(name, "rb") as f:
                return f.read()
        context.load_verify_locations(cadata=read("ca.crt"))
        context.load_cert_chain("dut.crt", "dut.key")
        c = client(tls=context, server_hostname="localhost")
        c.subscribe("down", 1)
        c.start()
        c.publish("up", "x" * 20000, qos=1)
        sys.stdin.readline()
        c.publish("up", "again", qos=1)
        sys.stdin.readline()
        c.stop()
        """,
        stdin=-1,
    )
    p.line("connected False")
    assert peer.message()[1] == b"x" * 20000
    peer.publish("down", "y" * 12000)
    p.line("message down %s True False" % ("y" * 12000))
    broker.kill()
    p.line("disconnected ")
    broker.start()
    while not p.next_line()[1].startswith("connected"):
        pass
    peer = Peer(t, broker, "peer", "up")
    p.popen.stdin.write(b"\n")
    p.popen.stdin.flush()
    assert peer.message()[1] == b"again"
    p.popen.stdin.close()
    p.finish()


def test_idle(t):
    """An idle client sleeps: one ping in a keepalive is all that it does."""
    broker = Broker(t)
    p = run(
        t,
        broker.port,
        """
        c = client(keepalive=2)
        c.start()
        sys.stdin.readline()
        """,
        stdin=-1,
    )
    p.line("connected False")
    pings = broker.log().count("PINGREQ from dut")
    # What wakes the thread, counted by the kernel over two pings.
    thread = next(tid for tid in p.tasks() if tid != p.pid)
    wait_for(t, "a ping", lambda: broker.log().count("PINGREQ from dut") > pings)
    before = int(p.status_of(thread)["voluntary_ctxt_switches"])
    pings = broker.log().count("PINGREQ from dut")
    wait_for(t, "two pings", lambda: broker.log().count("PINGREQ from dut") >= pings + 2)
    switches = int(p.status_of(thread)["voluntary_ctxt_switches"]) - before
    assert switches <= 12, switches
    p.kill()


def test_stop_before_start(t):
    """stop() ends a client that cannot connect, at once."""
    p = start(
        t,
        """
        import time
        from agent import mqtt
        c = mqtt.Client("127.0.0.1", 1, "dut", backoff=(300, 300))
        mqtt.Client("127.0.0.1", 1, "other").stop()
        c.start()
        began = time.time()
        c.stop(30)
        print(time.time() - began < 5)
        # Its descriptors may be others' by now.
        files = [open("file%d" % i, "w") for i in range(10)]
        c.publish("t", "x")
        print([open("file%d" % i).read() for i in range(10)] == [""] * 10)
        """,
    )
    p.line("True")
    p.line("True")
    p.finish()
