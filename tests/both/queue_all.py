# since 3.13
# __all__ and that each of its names is there.
import queue

for name in sorted(queue.__all__):
    print(name, hasattr(queue, name))
