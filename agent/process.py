"""Jobs in processes of their own: what loops, leaks or dies in there takes nothing else along.

This file is part of micropython-threading, MIT licence.
"""

import json
import select
from queue import Full

import posix
from agent.jobs import TIMED_OUT, Failed, describe
from agent.mqtt import monotonic
from micropython import const

# Of the output so much is in the answer, from its end.
TAIL = 1024

# A piece of output that is sent on its own, and how many may be on their way to the broker: a
# program that writes more waits.
_CHUNK = const(1024)
_WINDOW = const(4)

# A line that a function's process sends to its agent.
_MAX_LINE = const(8192)

# How often to look after a process where the kernel has no descriptor for it (Linux before 5.3).
_LOOK = const(0.1)


class _Pipe:
    """Reads what is there, until its end."""

    def __init__(self, poll, fd):
        posix.set_blocking(fd, False)
        self.poll = poll
        self.fd = fd
        self.on = False
        self.listen(True)

    def listen(self, on):
        if on != self.on and self.fd is not None:
            self.on = on
            if on:
                self.poll.register(self.fd, select.POLLIN)
            else:
                self.poll.unregister(self.fd)

    def read(self):
        """Bytes, b"" if there is nothing now or ever."""
        try:
            data = posix.read(self.fd, _CHUNK) if self.fd is not None else b""
        except OSError as e:
            if e.errno == 11:
                return b""
            if e.errno != 5:  # EIO: nobody has the terminal any more
                raise
            data = b""
        if not data:
            self.close()
        return data

    def close(self):
        if self.fd is not None:
            self.listen(False)
            posix.close(self.fd)
            self.fd = None


class Process:
    """One run of a program for a job.

    send(offset, data, done) sends a piece of output, or raises queue.Full; None: nobody listens.
    online() tells whether the broker is there: without it output is not kept for it.

    tty is the (rows, columns) of a terminal that it has, and that job.feed() gives its input; it
    ends when there was none for idle seconds.
    """

    def __init__(
        self, job, argv, send=None, online=lambda: False, stdin=b"", grace=5, tty=None, idle=1e9,
        **options
    ):
        self.job = job
        self.send = send
        self.online = online
        self.grace = grace
        self.output = 0  # bytes
        self._runs = True
        self.tail = b""
        self.result = None
        self._error = None
        self._line = b""
        self._flying = 0
        self._killed = None  # when to send SIGKILL
        self._tty = tty
        self._idle = idle
        self._idle_at = monotonic() + idle
        self._resize = None
        self._in = b""  # input that the terminal has not taken yet
        self._fed = 0  # bytes of input so far
        self._told = -_CHUNK  # as many of them as the other side knows of
        self._poll = select.poll()
        fds = []
        try:
            for make in (posix.pipe, posix.openpty if tty else posix.pipe, posix.pipe, posix.pipe):
                fds += make()
            if tty:
                posix.tcsetwinsize(fds[2], tty)
            stdin_fd = fds[3] if tty else fds[0]
            self.pid = posix.spawn(argv, fds=(stdin_fd, fds[3], fds[3], fds[5]), **options)
        except Exception as e:
            for fd in fds:
                posix.close(fd)
            raise Failed("cannot start: " + describe(e))
        for fd in (fds[0], fds[3], fds[5]):
            posix.close(fd)
        posix.set_blocking(fds[1], False)
        if stdin:
            posix.write(fds[1], stdin)  # as much as a pipe holds
        posix.close(fds[1])
        self._out = _Pipe(self._poll, fds[2])
        self._control = _Pipe(self._poll, fds[4])
        self._wake = _Pipe(self._poll, fds[6])
        self._wake_up = fds[7]
        try:
            self._end = posix.pidfd_open(self.pid)
            self._poll.register(self._end, select.POLLIN)
        except OSError:
            self._end = None

    def run(self):
        """Until it has ended: its result, or Failed."""
        if self._tty:
            self.job.feed = self._feed
        self.job.on_end(self._wake_now)
        try:
            status = self._serve()
        except BaseException:
            if self._runs:
                posix.kill(-self.pid, posix.SIGKILL)
                posix.waitpid(self.pid, 0)
            raise
        finally:
            self.job.on_end(None)
            with self.job._lock:  # _landed() may come late: no more writing
                posix.close(self._wake_up)
                self._wake_up = None
            for pipe in (self._out, self._control, self._wake):
                pipe.close()
            if self._end is not None:
                posix.close(self._end)
        try:
            out = str(self.tail, "utf-8")
        except UnicodeError:
            out = "".join(chr(c) if c < 127 else "?" for c in self.tail)
        if self._error:
            raise Failed(self._error, out=out)
        if status & 127:
            raise Failed("signal %d" % (status & 127), out=out)
        if status:
            raise Failed("exit %d" % (status >> 8), out=out, rc=status >> 8)
        return self.result if self.result is not None else out

    def _wake_now(self):
        posix.write(self._wake_up, b"w")

    def _feed(self, at, data):
        """From the client's thread: input that begins at this byte, or the terminal's new size."""
        with self.job._lock:
            if at == "size":
                rows, columns = map(int, data.split())
                self._resize = rows, columns
            elif int(at) == self._fed and len(self._in) < _MAX_LINE:
                self._in += data
                self._fed += len(data)
                self._idle_at = monotonic() + self._idle
            else:
                self._told = -_CHUNK
            if self._wake_up is not None:
                self._wake_now()

    def _type(self):
        """Gives input to the terminal. Tells how much there was, now and then and when asked."""
        with self.job._lock:
            fd = self._out.fd
            if self._resize and fd is not None:
                posix.tcsetwinsize(fd, self._resize)
                self._resize = None
            if self._in and fd is not None:
                try:
                    self._in = self._in[posix.write(fd, self._in) :]
                except OSError:
                    pass  # it takes no more now
            if self._in or self._fed - self._told < _CHUNK:
                return
            self._told = self._fed
        self.job.tell({"in": self._fed})

    def _serve(self):
        """Follows the process to its end; returns its status."""
        status = None
        while status is None:
            # What it writes waits in the pipe, and it with it, while too much is on its way.
            self._out.listen(self._flying < _WINDOW or not self.online())
            rest = 3600 if self._end is not None else _LOOK
            if self._killed is not None:
                rest = min(rest, max(0, self._killed - monotonic()))
            if self._flying >= _WINDOW:
                rest = min(rest, 1)  # the broker may go
            if self._tty:
                self._type()
                rest = min(rest, _LOOK if self._in else max(0, self._idle_at - monotonic()))
            for fd, _ in self._poll.poll(int(rest * 1000) + 1):
                if fd == self._end:
                    status = self._reap()
            self._wake.read()
            if self._out.on:
                self._take_output()
            self._take_control()
            if self._end is None:
                status = self._reap()
            if status is None:
                self._end_it()
        # What it left in the pipes. They may never end: others may have them. The broker has it
        # all before the answer.
        poll = select.poll()
        poll.register(self._wake.fd, select.POLLIN)
        while not self.job.canceled():
            here = self.online()
            if (self._flying < _WINDOW or not here) and self._take_output():
                continue
            if not self._flying or not here:
                break
            if poll.poll(1000):
                self._wake.read()
        while self._take_control():
            pass
        return status

    def _reap(self):
        """The status, None if it runs. What it has started ends with it, before its id is free."""
        if self._end is not None:
            posix.kill(-self.pid, posix.SIGKILL)
        pid, status = posix.waitpid(self.pid, posix.WNOHANG)
        if not pid:
            return None
        if self._end is None:
            try:
                posix.kill(-self.pid, posix.SIGKILL)
            except OSError:
                pass
        self._runs = False
        return status

    def _end_it(self):
        """SIGTERM when it shall end, SIGKILL a while later. Shells end at SIGHUP only."""
        if monotonic() > self._idle_at:
            self.job.end(TIMED_OUT)
        if self.job.canceled():
            if self._killed is None:
                self._killed = monotonic() + self.grace
                posix.kill(-self.pid, posix.SIGHUP if self._tty else posix.SIGTERM)
            elif monotonic() >= self._killed:
                self._killed = monotonic() + self.grace
                posix.kill(-self.pid, posix.SIGKILL)

    def _take_output(self):
        data = self._out.read()
        if data:
            if self.send and self.online():
                with self.job._lock:
                    self._flying += 1
                try:
                    self.send(self.output, data, self._landed)
                except Full:  # it is in the tail only, as without the broker
                    self._landed()
            self.output += len(data)
            if not self._tty:
                self.tail = (self.tail + data)[-TAIL:]
        return data

    def _landed(self):
        with self.job._lock:
            self._flying -= 1
            if self._wake_up is not None:
                self._wake_now()

    def _take_control(self):
        data = self._control.read()
        self._line += data
        while b"\n" in self._line:
            line, _, self._line = self._line.partition(b"\n")
            try:
                message = json.loads(line)
                if "pct" in message:
                    self.job.progress(message["pct"], message["msg"])
                elif "log" in message:
                    self.job.log(str(message["log"]), int(message["level"]))
                elif "error" in message:
                    self._error = str(message["error"])
                else:
                    self.result = message["result"]
            except Exception:
                self._error = self._error or "malformed message from the function"
        if len(self._line) > _MAX_LINE:
            self._line = b""
            self._error = self._error or "too long a message from the function"
        return data
