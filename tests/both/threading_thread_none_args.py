# None for args is no tuple: the thread ends with TypeError, as does a Timer that is given None later.
import threading


def hook(args):
    print(args.exc_type.__name__)


threading.excepthook = hook


def called(*args, **kwargs):
    print("called", args, kwargs)


for args, kwargs in (((), None), (None, None), ([1], {}), (None, {})):
    thread = threading.Thread(target=called, args=args, kwargs=kwargs)
    thread.start()
    thread.join()

for name in ("args", "kwargs"):
    timer = threading.Timer(0, called)
    setattr(timer, name, None)
    timer.start()
    timer.join()
timer = threading.Timer(0, called, None, None)
timer.start()
timer.join()
