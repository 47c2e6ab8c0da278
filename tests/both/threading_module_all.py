# since 3.14
# __all__ and that each of its names is there.
import threading

print(len(threading.__all__))
for name in sorted(threading.__all__):
    print(name, hasattr(threading, name))
