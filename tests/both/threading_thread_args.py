# Thread's args and kwargs: tuple, list, any iterable; keyword arguments.
import threading


def show(*args, **kwargs):
    print(args, sorted(kwargs.items()))


def run(*args, **kwargs):
    thread = threading.Thread(*args, **kwargs)
    thread.start()
    thread.join()


run(target=show)
run(target=show, args=())
run(target=show, args=(1, 2))
run(target=show, args=[1, 2])
run(target=show, args="ab")
run(target=show, args=iter([3, 4]))
run(target=show, kwargs={"a": 1, "b": 2})
run(target=show, kwargs=None)
run(target=show, kwargs={})
run(target=show, args=(1,), kwargs={"b": 2})
run(None, show, "name", (5,), {"c": 3})
run(group=None, target=show, name="name", args=(6,), kwargs={"d": 4}, daemon=True)

# The very objects are handed over.
items = []
run(target=items.append, args=(items,))
print(items[0] is items)
run(target=print, args=("printed", "by"), kwargs={"sep": "-"})
run()
run(target=None, args=(1, 2, 3))
