"""Other programs on the device: a Unix socket, lines of JSON. docs/agent.md has the lines.

A program that does not read, or is no more, is left: nobody waits for it.

This file is part of micropython-threading, MIT licence.
"""

import json
import os
import select
import socket
import struct
import threading
import time
from queue import Queue

from agent.commands import is_id, parse
from agent.jobs import Failed, Refused, describe
from posix import pipe, read, set_blocking, umask, write

# Programs at once, the longest line, and what the kernel holds for one that does not read.
_CLIENTS = 8
_LINE = 4096
_UNREAD = 16384

_GONE = {"error": "the program has gone"}


class _Client:
    def __init__(self, sdk, sock):
        self.sdk = sdk
        self.sock = sock
        self.fd = sock.fileno()
        self.rest = b""
        self.calls = {}  # id: (job, queue of its answer)
        self.names = []  # of functions
        self.lock = threading.Lock()
        self.gone = False
        set_blocking(self.fd, False)

    def send(self, message):
        """From any thread; False if nobody is there."""
        data = json.dumps(message).encode() + b"\n"
        with self.lock:
            if self.gone:
                return False
            try:
                if write(self.fd, data) == len(data):
                    return True
            except OSError:
                pass
            self.gone = True
        self.sdk.kick()
        return False

    def call(self, job, fn, args):
        """Runs a function over there, for a worker."""
        answers = Queue()
        self.calls[job.id] = job, answers
        job.on_end(lambda: answers.put(None))
        sent = self.send({"run": job.id, "fn": fn, "args": args})
        answer = answers.get() if sent else _GONE
        job.on_end(None)
        del self.calls[job.id]
        if answer is None:
            self.send({"cancel": job.id})
            raise Failed("asked to end")
        if "error" in answer:
            raise Failed(str(answer["error"]))
        return answer.get("result")


class Sdk:
    """ops are what programs may ask for, functions takes those that they serve.

    Raises OSError if there can be no socket at path. Made before other threads run: the umask is
    everybody's.
    """

    def __init__(self, path, store, ops, functions):
        self.store = store  # (class, name, payload)
        self.ops = ops
        self.functions = functions
        self.wake = pipe()
        self.beat = False
        self._clients = {}  # by descriptor
        self.thread = threading.Thread(target=self._run, name="sdk", daemon=True)
        try:
            os.remove(path)
        except OSError:
            pass
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = umask(0)
        self._listener.bind(struct.pack("H", socket.AF_UNIX) + path.encode() + b"\0")
        umask(mask)
        self._listener.listen(_CLIENTS)

    def start(self):
        self.thread.start()

    def kick(self):
        """Has the thread look at what is gone, and set beat."""
        write(self.wake[1], b"w")

    def _run(self):
        self._poll = select.poll()
        for fd in (self._listener.fileno(), self.wake[0]):
            self._poll.register(fd, select.POLLIN)
        while True:
            self.beat = True
            for fd, _ in self._poll.poll():
                if fd == self.wake[0]:
                    read(fd, 16)
                elif fd in self._clients:
                    self._read(self._clients[fd])
                else:
                    self._accept()
            for client in list(self._clients.values()):
                if client.gone:
                    self._close(client)

    def _accept(self):
        try:
            sock = self._listener.accept()[0]
        except OSError:  # too many files
            time.sleep(1)
            return
        if len(self._clients) >= _CLIENTS:
            sock.close()
            return
        sock.setsockopt(socket.SOL_SOCKET, 7, _UNREAD)  # SO_SNDBUF
        client = _Client(self, sock)
        self._clients[client.fd] = client
        self._poll.register(client.fd, select.POLLIN)

    def _close(self, client):
        with client.lock:
            client.gone = True
        for name in client.names:
            del self.functions[name]
        for _, answers in list(client.calls.values()):
            answers.put(_GONE)
        self._poll.unregister(client.fd)
        del self._clients[client.fd]
        client.sock.close()

    def _read(self, client):
        try:
            data = read(client.fd, 1024)
        except OSError:
            data = b""
        *lines, client.rest = (client.rest + data).split(b"\n")
        for line in lines:
            self._take(client, line)
        if not data or len(client.rest) > _LINE:
            client.gone = True

    def _take(self, client, line):
        """What has a number has an answer, and so has what is wrong."""
        n = None
        try:
            message = parse(line)
            n = message.get("n")
            answer = {"n": n, "result": self._do(client, message)}
        except Exception as e:
            answer = {"n": n, "error": describe(e)}
        if n is not None or "error" in answer:
            client.send(answer)

    def _do(self, client, message):
        op = message["op"]
        if op == "put":
            name = message["name"]
            if not is_id(name, but="+#"):
                raise Refused("name")
            kind = message.get("class", 1)
            if kind not in (0, 1, 2):
                raise Refused("class")
            self.store(kind, "tel/" + name, json.dumps(message["data"]))
        elif op == "serve":
            name = message["fn"]
            if not isinstance(name, str) or name in self.functions:
                raise Refused("fn")
            self.functions[name] = lambda job, **args: client.call(job, name, args)
            client.names.append(name)
        elif op == "progress":
            client.calls[message["id"]][0].progress(message.get("pct"), message.get("msg"))
        elif op == "answer":
            client.calls[message["id"]][1].put(message)
        elif op in self.ops:
            return self.ops[op](message)
        else:
            raise Refused("unsupported")
