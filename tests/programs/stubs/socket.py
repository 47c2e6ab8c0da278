# MicroPython's own module with CPython's addresses; it has no getsockname() and no shutdown().
import sys

path = sys.path[:]
sys.path[:] = []
try:
    from socket import *
    from socket import getaddrinfo, socket as native_socket
finally:
    sys.path[:] = path

import builtins

SHUT_WR = 1


def sockaddr(address):
    return getaddrinfo(address[0], address[1])[0][-1]


class socket:
    def __init__(self, *args):
        self.native = args[0] if args and not isinstance(args[0], int) else native_socket(*args)
        self.address = None

    def __getattr__(self, name):
        return getattr(self.native, name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def bind(self, address):
        self.native.bind(sockaddr(address))
        self.address = address

    def connect(self, address):
        self.native.connect(sockaddr(address))

    def accept(self):
        native, address = self.native.accept()
        return socket(native), address

    def getsockname(self):
        return self.address

    def sendall(self, data):
        view = memoryview(data)
        while len(view) > 0:
            view = view[self.native.send(view) :]

    def shutdown(self, how):
        pass


# What socketserver uses besides: vars(), of which only setdefault().
class Vars:
    def __init__(self, thing):
        self.thing = thing

    def setdefault(self, name, value):
        if name not in self.thing.__dict__:
            setattr(self.thing, name, value)


builtins.vars = Vars
