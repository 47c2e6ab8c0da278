# Arguments that cannot be passed on are the thread's error, not the process's end.
import threading


def hook(args):
    print(args.exc_type.__name__, args.thread.name)


class Named(dict):
    pass


def target(*args, **kwargs):
    print(args, sorted(kwargs.items()))


threading.excepthook = hook
named = Named()
named["x"] = 1
named.attribute = 7
for name, args, kwargs in (
    ("number", (), 5),
    ("not args", 5, {}),
    ("subclass", (), named),
    ("list", [1, 2], {"a": 3}),
    ("generator", (i for i in range(3)), None),
    ("keys", (), {1: 2}),
):
    thread = threading.Thread(target=target, name=name, args=args, kwargs=kwargs)
    thread.start()
    thread.join()
timer = threading.Timer(0, target, [1], 5)
timer.name = "timer"
timer.start()
timer.join()
