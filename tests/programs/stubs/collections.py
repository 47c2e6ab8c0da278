# MicroPython's own module, but namedtuple() takes names with commas and deque() any length.
import sys

path = sys.path[:]
sys.path[:] = []
try:
    from collections import *
    from collections import namedtuple as native_namedtuple
finally:
    sys.path[:] = path


def namedtuple(name, fields):
    if isinstance(fields, str):
        fields = fields.replace(",", " ").split()
    return native_namedtuple(name, fields)


class deque:
    def __init__(self, items=(), maxlen=None):
        self.items = list(items)

    def append(self, item):
        self.items.append(item)

    def popleft(self):
        return self.items.pop(0)

    def __len__(self):
        return len(self.items)
