# since 3.14
# stack_size: sets, returns the former size, restores the default; sizes that are refused.
import threading


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        # The least size is the system's.
        print(type(e).__name__, " ".join(w for w in str(e).split() if not w.isdigit()))


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


def depth(n):
    return 1 if n == 0 else 1 + depth(n - 1)


def run():
    results = []
    thread = threading.Thread(target=lambda: results.append(depth(20)))
    thread.start()
    thread.join()
    return results


print(threading.stack_size())
print(threading.stack_size(262144), run())
print(threading.stack_size(0x100000), run())
error(threading.stack_size, -1)
error(threading.stack_size, -262144)
error(threading.stack_size, 1)
error(threading.stack_size, 4096)
error_type(threading.stack_size, "262144")
error_type(threading.stack_size, 1.5)
error_type(threading.stack_size, None)
error_type(threading.stack_size, 1, 2)
print(threading.stack_size(262144))
print(threading.stack_size(0), threading.stack_size(), run())
