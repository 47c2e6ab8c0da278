# MicroPython's own module, and what CPython's has beside it.
import sys

path = sys.path[:]
sys.path[:] = []
try:
    from time import *
finally:
    sys.path[:] = path


def monotonic():
    return ticks_ms() / 1000


perf_counter = monotonic
