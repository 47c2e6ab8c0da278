# A Future without an executor: its states, and what is refused in each.
from concurrent.futures import CancelledError, Future, InvalidStateError, TimeoutError


def show(text, f):
    state = repr(f).split(" state=")
    print(text, state[0].split(" at 0x")[0], state[1], f.cancelled(), f.running(), f.done())


def refused(text, function, *args):
    try:
        print(text, function(*args))
    except (CancelledError, TimeoutError, ValueError) as e:
        print(text, type(e).__name__, e)
    except InvalidStateError as e:
        print(text, type(e).__name__, str(e).split(": <Future at 0x")[0])


f = Future()
show("new:", f)
refused("result:", f.result, 0)
refused("exception:", f.exception, -1)
print(f.set_running_or_notify_cancel())
show("running:", f)
refused("result:", f.result, 0.01)
print("cancel:", f.cancel())
f.set_result([1])
show("with a result:", f)
print("cancel:", f.cancel())
refused("result:", f.result)
refused("exception:", f.exception)
refused("set_result:", f.set_result, 2)
refused("set_exception:", f.set_exception, ValueError("late"))
refused("result:", f.result, 0)

f = Future()
f.set_exception(ValueError("reason"))
show("with an exception:", f)
refused("result:", f.result)
print("exception:", type(f.exception()).__name__, f.exception())
refused("set_result:", f.set_result, 2)

f = Future()
print("cancel:", f.cancel(), f.cancel())
show("cancelled:", f)
refused("result:", f.result)
refused("exception:", f.exception, 0)
refused("set_result:", f.set_result, 1)
print(f.set_running_or_notify_cancel())
show("and notified:", f)
print("cancel:", f.cancel())
refused("result:", f.result)
refused("set_exception:", f.set_exception, ValueError("late"))


class Mine(Future):
    pass


f = Mine()
f.set_result(None)
show("subclass:", f)
print(issubclass(CancelledError, Exception), issubclass(TimeoutError, OSError))
