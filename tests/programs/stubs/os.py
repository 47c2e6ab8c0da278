# MicroPython's own module, and what CPython's has beside it.
import sys

path = sys.path[:]
sys.path[:] = []
try:
    from os import *
finally:
    sys.path[:] = path

devnull = "/dev/null"
