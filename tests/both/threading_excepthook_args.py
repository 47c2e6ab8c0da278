# What the hook is given, and ExceptHookArgs made by hand.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


def hook(args):
    kept.append(args)


def fail():
    raise problem


kept = []
problem = ValueError("the one")
threading.excepthook = hook
thread = threading.Thread(target=fail)
thread.start()
thread.join()
args = kept[0]
print(args.exc_type is ValueError, args.exc_value is problem, args.thread is thread)
print(len(args), args[0] is ValueError, args[1] is problem, args[3] is thread)
exc_type, exc_value, exc_traceback, in_thread = args
print(exc_type is ValueError, in_thread is thread, exc_traceback is args.exc_traceback)
print(isinstance(args, tuple))
error_type(setattr, args, "thread", None)

made = threading.ExceptHookArgs((1, 2, 3, 4))
print(made.exc_type, made.exc_value, made.exc_traceback, made.thread, tuple(made))
print(made == (1, 2, 3, 4), (1, 2, 3, 4) == made, made == (1, 2, 3), made == [1, 2, 3, 4])
print(made == threading.ExceptHookArgs((1, 2, 3, 4)), hash(made) == hash((1, 2, 3, 4)))
made = threading.ExceptHookArgs([ValueError, None, None, thread])
print(made.exc_type is ValueError, made.exc_value, made.exc_traceback, made.thread is thread)
error(threading.ExceptHookArgs, 1)
error(threading.ExceptHookArgs, (1, 2, 3))
error(threading.ExceptHookArgs, (1, 2, 3, 4, 5))
error(threading.ExceptHookArgs, ())
error_type(threading.ExceptHookArgs)
error_type(threading.ExceptHookArgs, 1, 2, 3, 4)
error(threading.__excepthook__, 1)
error(threading.__excepthook__, (1, 2, 3, 4))
error(threading.__excepthook__, None)
error_type(threading.__excepthook__)
