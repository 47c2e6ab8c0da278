import sys

path = sys.path[:]
sys.path[:] = []
try:
    from io import *
    from io import IOBase
finally:
    sys.path[:] = path

BufferedIOBase = IOBase
