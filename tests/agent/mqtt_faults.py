"""agent/mqtt.py and a broker whose every packet the test sends."""

import re
import shutil
import socket
import struct
import textwrap
import time

from agent.support import (
    CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, SUBACK, SUBSCRIBE,
    UNSUBACK, Ended, FakeBroker, encode, parse_publish, publish, start,
)
from variant.harness import Failure, Skip, least_late, stress

CLIENT = """
import sys, threading
from queue import Full
from agent import mqtt
def on_message(m):
    print("message", m.topic, len(m.payload), m.pid, m.dup)
options = dict(backoff=(0.01, 0.02), on_message=on_message)
def client(**more):
    options.update(more)
    return mqtt.Client("127.0.0.1", PORT, "dut", **options)
"""


def run(t, broker, script, rest="", **how):
    how.setdefault("stdin", -1)
    script = CLIENT.replace("PORT", str(broker.port)) + textwrap.dedent(script) + rest
    return start(t, script, **how)


def tell(p):
    """A line of input: the script goes on."""
    p.popen.stdin.write(b"\n")
    p.popen.stdin.flush()


def end(p):
    p.popen.stdin.close()
    p.finish()


def ends_well(broker, p, before):
    """The client connects again, takes a message, and is not much larger than before, bytes."""
    link = broker.accept()
    link.raw(publish("good", b"", 3))
    p.line("good")
    grown = p.resident() - before
    assert grown < 200 * 1024, grown
    end(p)
    broker.close()


SERVE = """
c.start()
sys.stdin.readline()
c.stop(0)
"""


def test_connect(t):
    """CONNECT says what was asked for."""
    broker = FakeBroker(t)
    p = run(t, broker, """
        c = client(user="me", password=b"pass", will=("w", "gone", 1, True), keepalive=77)
        """, SERVE)
    link = broker.accept()
    hello = link.hello
    assert hello == (b"\0\4MQTT\4" + bytes([0x80 | 0x40 | 0x20 | 0x08 | 0x04]) + b"\0\x4d"
                     b"\0\3dut" b"\0\1w" b"\0\4gone" b"\0\2me" b"\0\4pass"), hello
    end(p)
    p = run(t, broker, "c = client(clean=True)", SERVE)
    link = broker.accept()
    assert link.hello == b"\0\4MQTT\4\2\0\x3c\0\3dut", link.hello
    end(p)
    assert link.packet() == (DISCONNECT, 0, b"")


def test_resent(t):
    """What is not acknowledged comes again with DUP, under its identifier and in order, before

    anything else; what is acknowledged does not.
    """
    broker = FakeBroker(t)
    p = run(t, broker, """
        c = client()
        c.start()
        for i in range(4):
            c.publish("up", "%d" % i, qos=1, done=lambda i=i: print("done", i))
        sys.stdin.readline()
        c.publish("up", "4", qos=1, done=lambda: print("done", 4))
        sys.stdin.readline()
        c.stop(0)
        """)
    link = broker.accept()
    sent = [parse_publish(*link.expect(PUBLISH)) for _ in range(4)]
    assert [(m[1], m[4]) for m in sent] == [(b"%d" % i, False) for i in range(4)], sent
    pids = [m[3] for m in sent]
    assert len(set(pids)) == 4 and 0 not in pids
    link.send(PUBACK, struct.pack("!H", pids[1]))
    p.line("done 1")
    link.close()
    link = broker.accept_raw()
    link.expect(CONNECT)
    tell(p)
    link.send(CONNACK, b"\1\0")
    again = [parse_publish(*link.expect(PUBLISH)) for _ in range(4)]
    assert [(m[1], m[3], m[4]) for m in again] == [
        (b"0", pids[0], True), (b"2", pids[2], True), (b"3", pids[3], True),
        (b"4", again[3][3], False)], again
    assert again[3][3] not in (pids[0], pids[2], pids[3])
    for n in (0, 2, 3):
        # The broker may acknowledge both sendings.
        link.send(PUBACK, struct.pack("!H", pids[n]))
        link.send(PUBACK, struct.pack("!H", pids[n]))
        p.line("done %d" % n)
    link.send(PUBACK, struct.pack("!H", again[3][3]))
    p.line("done 4")
    end(p)


def test_subscribed_again(t):
    """At every connect, also when the broker says that it knows the session."""
    broker = FakeBroker(t)
    p = run(t, broker, """
        c = client()
        c.subscribe("a/+", 1)
        c.start()
        sys.stdin.readline()
        c.subscribe("b", 0)
        sys.stdin.readline()
        c.unsubscribe("a/+")
        sys.stdin.readline()
        c.stop(0)
        """)

    def asked(link):
        _, body = link.expect(SUBSCRIBE)
        link.send(SUBACK, body[:2] + b"\1")
        return body[2:]

    link = broker.accept()
    assert asked(link) == b"\0\3a/+\1"
    tell(p)
    assert asked(link) == b"\0\1b\0"
    link.close()
    link = broker.accept(session=True)
    assert {asked(link), asked(link)} == {b"\0\3a/+\1", b"\0\1b\0"}
    tell(p)
    assert link.expect(10)[1][2:] == b"\0\3a/+"
    link.close()
    link = broker.accept()
    assert asked(link) == b"\0\1b\0"
    end(p)


def test_refused_subscription(t):
    broker = FakeBroker(t)
    p = run(t, broker, """
        c = client(on_suback=lambda f, qos: print(f, qos))
        c.subscribe("secret", 1)
        """, SERVE)
    link = broker.accept()
    _, body = link.expect(SUBSCRIBE)
    link.send(SUBACK, body[:2] + b"\x80")
    p.line("secret None")
    end(p)


def test_window(t):
    """No more than inflight messages wait for their PUBACK; what is urgent goes first."""
    broker = FakeBroker(t)
    p = run(t, broker, """
        c = client(inflight=3)
        for i in range(6):
            c.publish("up", "%d" % i, qos=1)
        c.publish("up", "urgent", qos=1, urgent=True)
        c.publish("up", "last")
        """, SERVE)
    link = broker.accept()
    got = [parse_publish(*link.expect(PUBLISH)) for _ in range(3)]
    assert [m[1] for m in got] == [b"urgent", b"0", b"1"], got
    link.sock.settimeout(0.05)
    try:
        raise Failure("expected nothing, got %r" % link.sock.recv(1))
    except OSError:
        pass
    for want in (b"2", b"3", b"4"):
        link.send(PUBACK, struct.pack("!H", got.pop(0)[3]))
        got.append(parse_publish(*link.expect(PUBLISH)))
        assert got[-1][1] == want, got
    for m in got:
        link.send(PUBACK, struct.pack("!H", m[3]))
    assert parse_publish(*link.expect(PUBLISH))[1] == b"5"
    assert parse_publish(*link.expect(PUBLISH))[1] == b"last"
    end(p)


def test_full(t):
    """The queue takes so many messages and bytes, a quarter of them only urgent ones."""
    p = start(t, """
        from agent import mqtt
        from queue import Full
        def fill(size, limit=100, **options):
            n = [0, 0]
            c = mqtt.Client("127.0.0.1", 1, "dut", max_queue=16, max_bytes=1000)
            for urgent in (False, True):
                try:
                    while True:
                        c.publish("t", b"x" * size, qos=1, urgent=urgent)
                        n[urgent] += 1
                except Full:
                    pass
            return n
        print(fill(1), fill(100))
        for topic, payload in (("a/#", ""), ("", ""), ("a", "x" * 800), ("x" * 70000, "")):
            try:
                mqtt.Client("127.0.0.1", 1, "dut", max_bytes=1000).publish(topic, payload)
            except ValueError as e:
                print(str(e)[:20])
        """)
    # 1 + 1 + 2 + 1 + 2 + 100 bytes: 7 of them are in 750, 9 in 1000.
    p.line("[12, 4] [7, 2]")
    for text in ("no topic to publish ", "no topic to publish ", "message too long",
                 "string too long"):
        p.line(text)
    p.finish()


def test_acknowledged_by_hand(t):
    """PUBACK comes when the program says so, and not on another connection than the message."""
    broker = FakeBroker(t)
    p = run(t, broker, """
        kept = []
        def on_message(m):
            kept.append(m)
            print("got", str(m.payload, "utf-8"), m.dup)
        c = client(manual_ack=True, on_message=on_message)
        c.start()
        for _ in range(3):
            sys.stdin.readline()
            for m in kept:
                m.ack()
        c.stop()  # what is left is sent first
        """)
    link = broker.accept()
    link.raw(publish("t", b"one", 7))
    p.line("got one False")
    link.raw(publish("t", b"two", 9))
    p.line("got two False")
    tell(p)
    assert link.expect(PUBACK)[1] == b"\0\7"
    assert link.expect(PUBACK)[1] == b"\0\x09"
    link.close()
    link = broker.accept(session=True)
    link.raw(publish("t", b"three", 7, 8))
    p.line("got three True")
    tell(p)
    assert link.expect(PUBACK)[1] == b"\0\7"
    # The other two were acknowledged on the old connection.
    link.raw(publish("t", b"four", 11))
    p.line("got four False")
    tell(p)
    assert link.expect(PUBACK)[1] == b"\0\7"
    assert link.expect(PUBACK)[1] == b"\0\x0b"
    end(p)


def test_callback_raises(t):
    """It is shown, the message is acknowledged, and the client goes on."""
    broker = FakeBroker(t)
    p = run(t, broker, """
        def on_message(m):
            print("got", str(m.payload, "utf-8"))
            raise RuntimeError("from on_message")
        c = client(on_message=on_message)
        """, SERVE)
    link = broker.accept()
    for i in range(2):
        link.raw(publish("t", b"%d" % i, 5))
        p.line("got %d" % i)
        assert link.expect(PUBACK)[1] == b"\0\5"
    p.popen.stdin.close()
    p.finish(stderr=re.compile("RuntimeError: from on_message"))


def test_pings(t):
    """A ping when there was nothing for a keepalive; an answer keeps the link."""
    broker = FakeBroker(t)
    p = run(t, broker, "c = client(keepalive=1)", SERVE)
    link = broker.accept_raw()
    link.expect(CONNECT)
    before = time.monotonic()
    link.send(CONNACK, b"\0\0")
    for _ in range(2):
        assert link.packet() == (PINGREQ, 0, b"")
        link.send(PINGRESP)
    passed = time.monotonic() - before
    assert passed >= 1.99, passed
    end(p)
    link.expect_end()


def test_dead_link(t):
    """A broker that does not answer is left after one and a half keepalives."""

    def attempt():
        broker = FakeBroker(t)
        p = run(t, broker, "c = client(keepalive=1)", SERVE)
        link = broker.accept()
        before = time.monotonic()
        link.expect_end()
        passed = time.monotonic() - before
        assert passed >= 1.49, passed
        broker.accept()
        end(p)
        return passed - 1.5

    least_late(t, 0.25, attempt, "noticing a dead link")


def test_no_acknowledgement(t):
    """A broker that answers pings and acknowledges nothing is left, so that all is sent again."""
    broker = FakeBroker(t)
    p = run(t, broker, """
        c = client(keepalive=1)
        c.publish("up", "x", qos=1)
        """, SERVE)
    link = broker.accept()
    pings = 0
    try:
        while True:
            kind, flags, body = link.packet()
            if kind == PINGREQ:
                pings += 1
                link.send(PINGRESP)
    except Ended:
        pass
    assert pings
    link = broker.accept()
    assert parse_publish(*link.expect(PUBLISH))[4]
    end(p)


def test_no_connack(t):
    """A broker that takes the connection and says nothing is left after connect_timeout."""
    broker = FakeBroker(t)
    p = run(t, broker, "c = client(connect_timeout=0.2)", SERVE)
    for _ in range(3):
        broker.accept_raw().expect_end()
    end(p)


def test_backoff(t):
    """Pauses double up to the limit and are a random part of that."""
    broker = FakeBroker(t)
    p = run(t, broker, """
        class Random:
            part = 1
            def random(self):
                return self.part
        mqtt.random = Random()
        c = client(backoff=(0.05, 0.2))
        c.start()
        sys.stdin.readline()
        Random.part = 0.1
        print("ready")
        sys.stdin.readline()
        c.stop(0)
        """)
    # A connection that the broker ends soon counts as a failure.
    times = []
    for _ in range(6):
        link = broker.accept()
        times.append(time.monotonic())
        link.close()
    pauses = [b - a for a, b in zip(times, times[1:])]
    for pause, least in zip(pauses, (0.05, 0.1, 0.2, 0.2, 0.2)):
        assert pause >= least - 0.003, pauses
    assert t.slow > 1 or min(pauses[3:]) < 0.4, pauses
    tell(p)
    p.line("ready")
    broker.accept().close()

    def attempt():
        before = time.monotonic()
        broker.accept().close()
        return time.monotonic() - before

    least_late(t, 0.1, attempt, "connecting after a tenth of the pause")
    end(p)


def test_slow_link(t):
    """Byte by byte in, and a receiver that takes little and late: all comes through."""
    broker = FakeBroker(t, receive_buffer=2048)
    p = run(t, broker, """
        c = client(max_bytes=1000000)
        c.start()
        for i in range(20):
            c.publish("up", ("%d" % (i % 10)) * 20000, qos=1, done=lambda: print("done"))

        sys.stdin.readline()
        c.stop(0)
        """)
    link = broker.accept()
    for byte in publish("down", b"y" * 100, 3):
        link.raw(bytes([byte]))
    p.line("message down 100 3 False")
    n = 0
    while n < 20:
        time.sleep(0.02)  # the receiver's slowness
        kind, flags, body = link.packet()
        if kind == PUBACK:  # of what went down
            continue
        m = parse_publish(flags, body)
        assert m[1] == b"%d" % (n % 10) * 20000 and not m[4]
        link.send(PUBACK, struct.pack("!H", m[3]))
        p.line("done")
        n += 1
    end(p)


def test_cut_while_writing(t):
    """A message with QoS 0 that is not written to its end is written again, whole. It is longer

    than what the kernel takes for a receiver that does not read.
    """
    broker = FakeBroker(t)
    p = run(t, broker, """
        c = client(max_bytes=12000000)
        c.publish("up", b"z" * 8000000, done=lambda: print("written"))
        """, SERVE, options=("-X", "heapsize=40M"))
    link = broker.accept()
    link.read(1000)
    link.close()
    link = broker.accept()
    assert parse_publish(*link.expect(PUBLISH))[1] == b"z" * 8000000
    p.line("written")
    end(p)


def test_too_long(t):
    """What is longer than max_packet is not kept: it is acknowledged, counted and passed over,

    also when messages are acknowledged by hand.
    """
    for manual in (False, True):
        broker = FakeBroker(t)
        p = run(t, broker, """
            c = client(max_packet=1000, manual_ack=%s)
            c.start()
            sys.stdin.readline()
            print(c.too_long)
            sys.stdin.readline()
            c.stop(0)
            """ % manual, options=("-X", "heapsize=300K"))
        link = broker.accept()
        link.raw(publish("t", b"x" * 5000000, 21))
        assert link.expect(PUBACK)[1] == b"\0\x15"
        link.raw(publish("t", b"x" * 994, 22))
        p.line("message t 994 22 False")
        tell(p)
        p.line("1")
        end(p)


def test_closed_once(t):
    """Each socket is closed once: by a second time its descriptor may be another thread's."""
    if not shutil.which("strace") or t.emulated:
        raise Skip("strace is not here")
    broker = FakeBroker(t)
    trace = t.folder / "trace"
    p = run(t, broker, "c = client()", SERVE,
            wrap=["strace", "-f", "-qq", "-e", "trace=close", "-o", str(trace)])
    for _ in range(3):
        broker.accept().close()
    broker.accept()
    end(p)
    text = trace.read_text()
    assert text.count("close(") >= 4 and "EBADF" not in text, text


GARBAGE = [
    b"\0\0",
    b"\xff" * 100,
    b"\x20\2\0\0" * 2,
    b"\x20\2\0\5",
    b"\x20\1\0",
    b"\x30\0",
    b"\x32\3\0\1t",
    b"\x34\5\0\1t\0\1",
    b"\x36\5\0\1t\0\1",
    b"\x30\4\0\2\xff\xfe",
    b"\x30\4\xff\xff\0\0",
    b"\x90\3\0\1\1",
    b"\x40\1\0",
    b"\x90\xff\xff\xff\x7f" + b"x" * 1000,
    b"\x40\xff\xff\xff\xff\x7f",
    encode(CONNECT, b"\0\4MQTT\4\2\0\0\0\0"),
]


def test_garbage(t):
    """Each broken packet ends the connection; the next one is good."""
    broker = FakeBroker(t)
    p = run(t, broker, "c = client(backoff=(0.001, 0.001))", SERVE)
    for greeted in (False, True):
        for garbage in GARBAGE:
            if not greeted and garbage.startswith(b"\x20\2\0\0"):
                continue
            if greeted:
                link = broker.accept()
            else:
                link = broker.accept_raw()
                link.expect(CONNECT)
            link.raw(garbage)
            link.expect_end()
            link.close()
    link = broker.accept()
    link.raw(publish("t", b"fine", 1))
    p.line("message t 4 1 False")
    end(p)


@stress
def test_fuzz(t):
    """Random bytes and damaged packets, in a small heap: the client comes back every time, and

    its memory does not grow.
    """
    for _ in t.repeats(3):
        broker = FakeBroker(t)
        p = run(t, broker, """
            def on_message(m):
                if m.topic == "good":
                    print("good")
            c = client(backoff=(0.001, 0.001), on_message=on_message, max_packet=2000)
            c.subscribe("t", 1)
            """, SERVE, options=("-X", "heapsize=200K"))
        before = 0
        for i in range(60):
            link = broker.accept_raw()
            link.expect(CONNECT)
            try:
                if t.random.random() < 0.8:
                    link.send(CONNACK, b"\0\0")
                data = b"".join(
                    t.random.choice([
                        publish("t", b"x" * t.random.randrange(3000), t.random.randrange(9)),
                        encode(PUBACK, b"\0\1"),
                        encode(SUBACK, b"\0\1\1"),
                        encode(PINGRESP),
                    ])
                    for _ in range(10)
                )
                data = bytearray(data)
                for _ in range(t.random.choice((0, 1, 3, 30))):
                    data[t.random.randrange(len(data))] = t.random.randrange(256)
                if t.random.random() < 0.2:
                    data = t.random.randbytes(3000)
                link.raw(data[: t.random.randrange(len(data))])
            except OSError:
                pass
            link.close()
            if i == 20:
                before = p.resident()
        ends_well(broker, p, before)


def random_packet(random):
    """What a broker may send at any time, and seldom what it may not."""
    topic = random.choice(("t", "d/x/cmd", "\u00e4/+", "x" * 200))
    return (
        lambda: publish(topic, random.randbytes(random.randrange(200)), random.randrange(4)),
        lambda: publish(topic, b"x" * random.randrange(5000), random.randrange(60000)),
        lambda: encode(PUBACK, random.randbytes(2)),
        lambda: encode(PINGRESP),
        lambda: encode(UNSUBACK, random.randbytes(2)),
        lambda: encode(random.randrange(16), random.randbytes(random.randrange(6))),
    )[min(5, int(random.expovariate(1.1)))]()


SYNC = 65000  # the identifier of a message that ends a batch


def acknowledged(link):
    """Whether the client has gone through all that was sent."""
    try:
        link.raw(publish("sync", b"", SYNC))
        while True:
            kind, _, body = link.packet()
            if kind == PUBACK and struct.unpack("!H", body)[0] == SYNC:
                return True
    except (OSError, Ended):
        return False


@stress
def test_flood(t):
    """Tens of thousands of packets, as fast as the client takes them, some of them damaged: it is

    there at the end, and its memory has not grown. Those count that it has gone through.
    """
    random = t.random
    for _ in t.repeats(1):
        broker = FakeBroker(t)
        p = run(t, broker, """
            def on_message(m):
                if m.topic == "good":
                    print(m.topic)
            c = client(backoff=(0.001, 0.001), on_message=on_message, max_packet=2000)
            c.subscribe("t", 1)
            """, SERVE, options=("-X", "heapsize=200K"))
        before = taken = 0
        while taken < 20000:
            link = broker.accept()
            good = True
            while good and taken < 20000:
                packets = [random_packet(random) for _ in range(random.randrange(1, 100))]
                data = bytearray(b"".join(packets))
                damaged = random.random() < 0.02
                if damaged:
                    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
                try:
                    link.raw(data)
                    if damaged:  # it may wait for the rest of what has no end
                        link.sock.shutdown(socket.SHUT_WR)
                        link.expect_end()
                    good = not damaged and acknowledged(link)
                except OSError:
                    good = False
                taken += len(packets) * good
            link.close()
            if not before and taken > 4000:
                before = p.resident()
        t.counts["packets"] += taken
        ends_well(broker, p, before)
