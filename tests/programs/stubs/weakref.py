# MicroPython has no weak references: these keep their object.
def ref(thing, callback=None):
    return lambda: thing


WeakKeyDictionary = dict
WeakSet = set
