# CPython's own socketserver: a threading server on the loopback, and clients that talk at once.
import os
import socket
import socketserver
import threading

CLIENTS = 5
together = threading.Barrier(CLIENTS)


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        # All are served at the same time, or this breaks.
        together.wait(30)
        while True:
            data = self.request.recv(100)
            if not data:
                break
            self.request.sendall(data.upper())


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    request_queue_size = CLIENTS


def serve():
    while True:
        port = 20000 + int.from_bytes(os.urandom(2), "little") % 10000
        try:
            return Server(("127.0.0.1", port), Handler)
        except OSError:
            pass


answers = []


def talk(i):
    sock = socket.socket()
    sock.connect(server.server_address)
    answer = b""
    for word in ("hello", "from", str(i)):
        sock.sendall(word.encode())
        data = b""
        while len(data) < len(word):
            data += sock.recv(100)
        answer += data + b" "
    sock.close()
    answers.append(answer)


server = serve()
loop = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
loop.start()
clients = [threading.Thread(target=talk, args=(i,)) for i in range(CLIENTS)]
for t in clients:
    t.start()
for t in clients:
    t.join()
print(sorted(answers))
server.shutdown()
loop.join()
server.server_close()
print(threading.active_count())
