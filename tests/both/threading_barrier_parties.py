# since 3.14
# Barrier: fewer than one party.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


error(threading.Barrier, 0)
error(threading.Barrier, -1)
error(threading.Barrier, parties=0)
error(threading.Barrier, 0, None, 5)
print(threading.Barrier(1).parties)
try:
    threading.Barrier("2")
except TypeError:
    print("TypeError")
