# What the heap of the edition in Python is made of (docs/pure.md):
#
#     MICROPYPATH=lib build/host/micropython-stock benchmarks/pure_heap.py

import gc
import micropython

N = 500


def used(work):
    gc.collect()
    before = gc.mem_alloc()
    result = work()
    gc.collect()
    return gc.mem_alloc() - before, result


# In a list, whose entry is half of one in a dict.
print("a function that does nothing: %d bytes" % (
    used(lambda: eval("[" + "lambda: None, " * N + "]"))[0] // N))
print("a class with nothing in it: %d bytes" % (
    used(lambda: [type("", (), {}) for _ in range(N)])[0] // N))
micropython.qstr_info()
print("both modules: %d bytes" % used(lambda: __import__("queue"))[0])
micropython.qstr_info()
