"""An MQTT 3.1.1 client for programs with threads.

    client = Client("broker.example", client_id="pump-7", on_message=show)
    client.subscribe("d/pump-7/cmd", 1)
    client.start()
    client.publish("d/pump-7/state", "ready", qos=1, retain=True)

One thread owns the connection: it connects, reads, writes, and sleeps in poll() when there is
nothing to do. The methods only change what it works on, so every thread may call them, callbacks
too. Callbacks run in that thread: they must not block.

QoS 0 and 1, both ways. What was published with QoS 1 is kept until the broker has acknowledged
it, and sent again after a reconnect. What was subscribed is subscribed again at every connect.

docs/agent.md has the limits. Depends on threading, queue and posix; runs on CPython too.

This file is part of micropython-threading, MIT licence.
"""

import random
import select
import socket
import struct
import sys
import threading
from queue import Full

from posix import close, pipe, read, write

CPYTHON = sys.implementation.name == "cpython"

if CPYTHON:  # tools/bundle.py leaves these parts out
    from time import monotonic
else:
    from posix import monotonic

_CONNACK = 2
_PUBLISH = 3
_PUBACK = 4
_SUBACK = 9
_UNSUBACK = 11
_PINGRESP = 13

# What a socket that does not block says when there is nothing to do, and CPython's TLS.
_WOULD_BLOCK = (11, 2, 3)

# A connection that has lived so long makes the next attempts begin with short pauses again.
# After a shorter one, two clients with one name would otherwise throw each other out for ever.
_STABLE = 30


class MQTTError(Exception):
    """The broker refused, broke the protocol, or is silent."""


class Message:
    """A received message. ack() tells the broker that it need not come again."""

    def __init__(self, client, connection, pid, topic, payload, retain, dup):
        self.client = client
        self.connection = connection
        self.pid = pid  # 0: QoS 0
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.dup = dup

    def ack(self):
        self.client._ack(self)


class _Out:
    """A packet to be sent, and what becomes of it."""

    def __init__(self, packet, pid_at=0, done=None):
        self.packet = packet
        self.pid_at = pid_at  # where its packet identifier belongs; 0: it has none
        self.done = done
        self.pid = 0
        self.sent = 0
        self.counted = False  # in the limits of the queue


def _string(text):
    data = text.encode() if isinstance(text, str) else text
    if len(data) > 65535:
        raise ValueError("string too long")
    return struct.pack("!H", len(data)) + data


def _packet(first, body):
    n = len(body)
    head = bytearray((first,))
    while n > 127:
        head.append(n & 127 | 128)
        n >>= 7
    head.append(n)
    return head + body


def _calls(sock):
    """readinto() and write(), which return None when they would block."""
    if CPYTHON:

        def unless_blocked(call):
            def wrapped(view):
                try:
                    return call(view)
                except OSError as e:
                    if e.errno in _WOULD_BLOCK:
                        return None
                    raise

            return wrapped

        return unless_blocked(sock.recv_into), unless_blocked(sock.send)
    return sock.readinto, sock.write


# Takes exceptions that callbacks raise, besides standard error.
report = None


def print_exception(e):
    if report:
        try:
            report(e)
        except Exception:
            pass
    if CPYTHON:
        sys.excepthook(type(e), e, e.__traceback__)
    else:
        sys.print_exception(e, sys.stderr)


def _call(function, *args):
    """A callback's faults are its own."""
    if function:
        try:
            function(*args)
        except Exception as e:
            print_exception(e)


class Client:
    """A connection that is kept up until stop().

    on_message(message) is called for what arrives, which is then acknowledged; with manual_ack
    only message.ack() does that. on_state(connected, info) is called with True and whether the
    broker knew the session, and with False and the exception that ended the connection or the
    attempt. on_suback(filter, qos) tells what the broker granted, None for a refusal.

    will is (topic, payload, qos, retain). tls is an ssl.SSLContext. A session is kept unless
    clean, and needs a client_id then.

    inflight messages at most wait for their PUBACK; max_queue messages and max_bytes bytes at most
    are kept in all, a quarter of both for what is urgent. Longer messages than max_packet are not
    taken from the broker: they are acknowledged and counted in too_long.
    """

    def __init__(
        self, host, port=1883, client_id="", user=None, password=None, tls=None,
        server_hostname=None, keepalive=60, clean=False, will=None, backoff=(1, 300),
        connect_timeout=30, inflight=8, max_packet=16384, max_queue=64, max_bytes=32768,
        on_message=None, on_state=None, on_suback=None, manual_ack=False,
    ):
        if not clean and not client_id:
            raise ValueError("a session that is kept needs a client_id")
        self.host = host
        self.port = port
        self.tls = tls
        self.server_hostname = server_hostname or host
        self.keepalive = keepalive
        self.backoff = backoff
        self.connect_timeout = connect_timeout
        self.max_packet = max_packet
        self.max_queue = max_queue
        self.max_bytes = max_bytes
        self.on_message = on_message
        self.on_state = on_state
        self.on_suback = on_suback
        self.manual_ack = manual_ack
        self.connected = False
        self.reached = False  # in the last attempt somebody was there
        self.too_long = 0
        self.beat = False
        self._hello = self._connect_packet(client_id, user, password, will, clean)
        self._window = inflight
        self.thread = None
        self._wake = pipe()
        # The lock guards what follows.
        self._lock = threading.Lock()
        self._woken = False  # there is a byte in the pipe, or soon
        self._leave = False
        self._stop_at = None  # when stop() gives up waiting
        self._connection = 0  # counts them
        self._subscriptions = {}  # filter: QoS
        self._asked = {}  # packet identifier: filter of a SUBSCRIBE without its answer
        self._control = []
        self._again = []  # to be sent again
        self._urgent = []
        self._normal = []
        self._unacked = []  # sent, oldest first
        self._count = 0
        self._bytes = 0
        self._last_pid = 0
        # These are the thread's alone.
        self._sock = None
        self._stream = None  # the socket or the TLS over it; None: closed
        self._now = None  # the _Out that is being written, the rest of it is _rest
        self._rest = None

    # For all threads

    def start(self):
        self.thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self.thread.start()

    def stop(self, timeout=5):
        """Sends what is left, for timeout seconds at most, and disconnects: no will is sent.

        The thread may be looking for the broker: then nobody waits for its end.
        """
        with self._lock:
            self._stop_at = monotonic() + timeout
            self._wake_up()
        if self.thread and self.thread is not threading.current_thread():
            self.thread.join(timeout + 1)

    def kick(self):
        """Has the thread come round once: it sets beat, when it is not looking for the broker."""
        with self._lock:
            self._wake_up()

    def reconnect(self):
        """Ends the connection and makes another, with what tls is by then."""
        with self._lock:
            self._leave = True
            self._wake_up()

    def subscribe(self, filter, qos=0):
        with self._lock:
            self._subscriptions[filter] = qos
            if self.connected:
                self._ask(filter)
                self._wake_up()

    def unsubscribe(self, filter):
        with self._lock:
            self._subscriptions.pop(filter, None)
            if self.connected:
                pid = struct.pack("!H", self._new_pid())
                self._control.append(_Out(_packet(0xA2, pid + _string(filter))))
                self._wake_up()

    def publish(self, topic, payload=b"", qos=0, retain=False, urgent=False, done=None):
        """Takes a message, or raises queue.Full.

        done() is called when the broker has acknowledged it, or, with QoS 0, when it is written.
        Urgent messages overtake the others.
        """
        if "#" in topic or "+" in topic or not topic:
            raise ValueError("no topic to publish to: " + topic)
        name = _string(topic)
        if isinstance(payload, str):
            payload = payload.encode()
        packet = _packet(
            0x30 | qos << 1 | bool(retain), name + (b"\0\0" if qos else b"") + bytes(payload)
        )
        size = len(packet)
        out = _Out(packet, qos and size - len(payload) - 2, done)
        out.counted = True
        count, total = self.max_queue, self.max_bytes
        if size > total * 3 // 4:
            raise ValueError("message too long")
        if not urgent:
            count, total = count * 3 // 4, total * 3 // 4
        with self._lock:
            if self._count >= count or self._bytes + size > total:
                raise Full
            self._count += 1
            self._bytes += size
            (self._urgent if urgent else self._normal).append(out)
            self._wake_up()

    def _ack(self, message):
        with self._lock:
            # The broker sends again on a new connection what was not acknowledged on the old one.
            if message.pid and message.connection == self._connection and self.connected:
                self._control.append(_Out(struct.pack("!BBH", 0x40, 2, message.pid)))
                self._wake_up()

    # With the lock

    def _wake_up(self):
        if not self._woken:
            self._woken = True
            write(self._wake[1], b"w")

    def _new_pid(self):
        while True:
            self._last_pid = self._last_pid % 65535 + 1
            pid = self._last_pid
            if pid not in self._asked and all(out.pid != pid for out in self._unacked):
                return pid

    def _ask(self, filter):
        pid = self._new_pid()
        if not self._asked:
            self._asked_at = monotonic()
        self._asked[pid] = filter
        body = struct.pack("!H", pid) + _string(filter) + bytes((self._subscriptions[filter],))
        self._control.append(_Out(_packet(0x82, body)))

    def _forget(self, out):
        if out.counted:
            self._count -= 1
            self._bytes -= len(out.packet)

    def _next(self):
        """The packet that is sent next, or None."""
        if self._control:
            return self._control.pop(0)
        if not self.connected:
            return None
        if self._again:
            return self._again.pop(0)
        for line in (self._urgent, self._normal):
            if line and (not line[0].pid_at or len(self._unacked) < self._window):
                out = line.pop(0)
                if out.pid_at:
                    out.pid = self._new_pid()
                    struct.pack_into("!H", out.packet, out.pid_at, out.pid)
                    self._unacked.append(out)
                return out

    # In the thread

    def _run(self):
        failures = 0
        while self._stop_at is None:
            began = monotonic()
            try:
                self._connect()
                self._serve()
                error = None
            except Exception as e:
                error = e
            self._disconnect()
            if error:
                _call(self.on_state, False, error)
            if monotonic() - began >= _STABLE:
                failures = 0
            low, high = self.backoff
            self._pause(random.random() * min(high, low * 2 ** min(failures, 16)))
            failures += 1
        with self._lock:
            close(self._wake[0])
            close(self._wake[1])
            self._woken = True  # nobody writes to it any more

    def _pause(self, seconds):
        poll = select.poll()
        poll.register(self._wake[0], select.POLLIN)
        end = monotonic() + seconds
        while self._stop_at is None:
            rest = end - monotonic()
            if rest <= 0:
                break
            if poll.poll(int(rest * 1000) + 1):
                self._read_wake()

    def _read_wake(self):
        self.beat = True
        read(self._wake[0], 16)
        with self._lock:
            self._woken = False

    def _connect_packet(self, client_id, user, password, will, clean):
        flags = 2 if clean else 0
        body = _string(client_id)
        if will:
            topic, payload, qos, retain = will
            flags |= 4 | qos << 3 | bool(retain) << 5
            body += _string(topic) + _string(payload)
        if user is not None:
            flags |= 0x80
            body += _string(user)
            if password is not None:
                flags |= 0x40
                body += _string(password)
        return _packet(0x10, b"\0\4MQTT\4" + struct.pack("!BH", flags, self.keepalive) + body)

    def _connect(self):
        self.reached = False
        error = MQTTError("no address")
        for info in socket.getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM):
            self.beat = True
            sock = socket.socket(info[0], info[1])
            try:
                sock.settimeout(self.connect_timeout)
                sock.connect(info[-1])
                break
            except OSError as e:
                sock.close()
                error = e
        else:
            raise error
        self.reached = True
        self._sock = self._stream = sock
        sock.setblocking(False)
        try:
            sock.setsockopt(6, 1, 1)  # TCP_NODELAY: packets are whole when they are written
        except OSError:
            pass
        if self.tls:
            # The handshake comes with the first write, and like it does not block.
            self._stream = self.tls.wrap_socket(
                sock, server_hostname=self.server_hostname, do_handshake_on_connect=False
            )
        self._readinto, self._write = _calls(self._stream)

    def _disconnect(self):
        with self._lock:
            self.connected = False
            self._control = []
            self._asked = {}
            self._again = []
            now = self._now
            # A message with QoS 0 that is not written to its end has not arrived.
            if now and now.counted and not now.pid_at:
                self._urgent.insert(0, now)
            self._now = None
        # Once: a second close() of a MicroPython socket would close what has its descriptor by then.
        stream, self._stream = self._stream, None
        if stream:
            try:
                stream.close()  # that of TLS closes the socket under it
            except OSError:
                pass

    def _serve(self):
        """Keeps the connection going; returns when stop() was called, raises when it ends."""
        with self._lock:
            self._connection += 1
            self._control = [_Out(self._hello)]
        self._heard = self._spoke = self._began = monotonic()
        self._pinged = False
        packets = self._packets()
        poll = select.poll()
        poll.register(self._wake[0], select.POLLIN)
        mask = select.POLLIN
        poll.register(self._sock, mask)
        while True:
            blocked = self._send()
            packet = next(packets)
            if packet:
                self._handle(*packet)
                continue
            rest = self._time_left()
            if rest is None:
                return
            # During the handshake of TLS a write may wait for something to read.
            want = select.POLLIN
            if blocked and (self.connected or not self.tls):
                want |= select.POLLOUT
            elif blocked:
                rest = min(rest, 1)
            if want != mask:
                poll.modify(self._sock, want)
                mask = want
            for ready, _ in poll.poll(int(rest * 1000) + 1 if rest >= 0 else -1):
                if ready == self._wake[0]:
                    self._read_wake()

    def _time_left(self):
        """Does what is due. Seconds until something is, -1 for never, None for the end."""
        now = monotonic()
        if not self.connected:
            rest = self._began + self.connect_timeout - now
            if rest <= 0:
                raise MQTTError("no answer to CONNECT")
            return None if self._stop_at is not None else rest
        if self._leave:
            self._leave = False
            raise MQTTError("asked to reconnect")
        ends = []
        if self._stop_at is not None:
            with self._lock:
                idle = not (self._urgent or self._normal or self._unacked or self._control)
            if self._now is None and (idle or now >= self._stop_at):
                self._write(b"\xe0\0")
                return None
            if now >= self._stop_at:
                return None
            ends.append(self._stop_at)
        if self.keepalive:
            silence = self._heard + self.keepalive * 1.5
            if now >= silence:
                raise MQTTError("the broker is silent")
            ends.append(silence)
            with self._lock:
                since = self._unacked[0].sent if self._unacked else now
            if self._asked:
                since = min(since, self._asked_at)
            patience = since + self.keepalive * 2
            if now >= patience:
                raise MQTTError("the broker does not acknowledge")
            ends.append(patience)
            if not self._pinged:
                due = min(self._heard, self._spoke) + self.keepalive
                if now >= due:
                    self._pinged = True
                    with self._lock:
                        self._control.append(_Out(b"\xc0\0"))
                    return 0
                ends.append(due)
        return min(ends) - now if ends else -1

    def _send(self):
        """Writes until nothing is left, or the link takes no more: then returns True."""
        while True:
            if self._now is None:
                with self._lock:
                    self._now = self._next()
                if self._now is None:
                    return False
                self._rest = memoryview(self._now.packet)
                self._now.sent = monotonic()
            n = self._write(self._rest)
            if not n:
                return True
            self._spoke = monotonic()
            self._rest = self._rest[n:]
            if not len(self._rest):
                out, self._now = self._now, None
                if out.counted and not out.pid_at:
                    with self._lock:
                        self._forget(out)
                    _call(out.done)

    def _fill(self, view):
        """Fills the view; yields None whenever there is nothing to read."""
        while len(view):
            n = self._readinto(view)
            if n is None:
                yield None
            elif n == 0:
                raise MQTTError("closed by the broker")
            else:
                self._heard = monotonic()
                self._pinged = False
                view = view[n:]

    def _packets(self):
        """Yields packets as (first byte, body, whether the body was cut), and None as _fill()."""
        head = memoryview(bytearray(5))
        while True:
            yield from self._fill(head[:2])
            length = head[1] & 127
            i = 1
            while head[i] & 128:
                i += 1
                if i == 5:
                    raise MQTTError("malformed length")
                yield from self._fill(head[i : i + 1])
                length |= (head[i] & 127) << 7 * (i - 1)
            if length > self.max_packet and head[0] >> 4 != _PUBLISH:
                raise MQTTError("packet too long")
            body = bytearray(min(length, self.max_packet))
            yield from self._fill(memoryview(body))
            rest = length - len(body)
            if rest:
                scratch = memoryview(bytearray(256))
                n = rest
                while n:
                    yield from self._fill(scratch[: min(n, 256)])
                    n -= min(n, 256)
            yield head[0], body, rest > 0

    def _handle(self, first, body, cut):
        kind = first >> 4
        if (kind == _CONNACK) == self.connected:
            raise MQTTError("unexpected packet %d" % kind)
        if kind == _PUBLISH:
            self._handle_publish(first, body, cut)
        elif kind == _PINGRESP:
            pass
        elif len(body) < 2:
            raise MQTTError("malformed packet %d" % kind)
        elif kind == _CONNACK:
            self._handle_connack(body)
        elif kind == _PUBACK:
            self._handle_puback(struct.unpack_from("!H", body)[0])
        elif kind == _SUBACK:
            with self._lock:
                filter = self._asked.pop(struct.unpack_from("!H", body)[0], None)
            if filter is None or len(body) != 3:
                raise MQTTError("unexpected SUBACK")
            _call(self.on_suback, filter, body[2] if body[2] < 3 else None)
        elif kind != _UNSUBACK:
            raise MQTTError("unexpected packet %d" % kind)

    def _handle_connack(self, body):
        if body[1]:
            raise MQTTError("refused by the broker: %d" % body[1])
        with self._lock:
            self.connected = True
            for filter in self._subscriptions:
                self._ask(filter)
            for out in self._unacked:
                out.packet[0] |= 8  # DUP
                out.sent = monotonic()
            self._again = list(self._unacked)
        _call(self.on_state, True, bool(body[0] & 1))

    def _handle_puback(self, pid):
        with self._lock:
            for out in self._unacked:
                if out.pid == pid:
                    break
            else:
                return  # its first sending was acknowledged already
            self._unacked.remove(out)
            self._forget(out)
        _call(out.done)

    def _handle_publish(self, first, body, cut):
        qos = first >> 1 & 3
        at = 2
        if len(body) >= 2:
            at += struct.unpack_from("!H", body)[0]
        if qos > 1 or at + 2 * qos > len(body):
            raise MQTTError("malformed PUBLISH")
        try:
            topic = str(memoryview(body)[2:at], "utf-8")
        except UnicodeError:
            raise MQTTError("malformed topic")
        pid = 0
        if qos:
            pid = struct.unpack_from("!H", body, at)[0]
            at += 2
        payload = bytes(memoryview(body)[at:])
        message = Message(
            self, self._connection, pid, topic, payload, bool(first & 1), bool(first & 8)
        )
        if cut:
            self.too_long += 1
        else:
            _call(self.on_message, message)
        if cut or not self.manual_ack:
            message.ack()
