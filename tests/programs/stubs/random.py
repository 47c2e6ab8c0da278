# MicroPython's own module; one generator is enough for all.
import sys

path = sys.path[:]
sys.path[:] = []
try:
    from random import *
finally:
    sys.path[:] = path


class Random:
    def __init__(self, seed):
        pass

    def random(self):
        return random()
