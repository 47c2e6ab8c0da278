# run() called directly runs the target in the calling thread, once; the thread stays unstarted.
import threading


def work(*args):
    print(args, threading.current_thread() is threading.main_thread())


thread = threading.Thread(target=work, args=(1, 2))
print(thread.run())
print(thread.is_alive(), thread.ident)
try:
    thread.join()
except RuntimeError as e:
    print(e)

# The target is gone: it is not called again. (CPython's AttributeError is no promise.)
try:
    thread.run()
except AttributeError:
    pass


def fail():
    raise ValueError("passed on to the caller")


thread = threading.Thread(target=fail)
try:
    thread.run()
except ValueError as e:
    print(e)
print(threading.Thread().run())
