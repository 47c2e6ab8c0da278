# CPython's own needs object.__getattribute__, which MicroPython does not have.
from threading import local
