# submit(): arguments of any name reach the function; results and exceptions come back.
from concurrent.futures import ThreadPoolExecutor


def show(*args, **kwargs):
    return args, sorted(kwargs.items())


def fail(text):
    raise ValueError(text)


class Stop(BaseException):
    pass


def stop():
    raise Stop("stopped")


def leave():
    raise SystemExit(3)


with ThreadPoolExecutor(max_workers=2) as pool:
    print(pool.submit(pow, 2, 10).result())
    print(pool.submit(show, 1, *[2, 3], a=4, **{"b": 5}).result(timeout=30))
    print(pool.submit(show, self=1, fn=2, args=3, kwargs=4).result())
    f = pool.submit(fail, "text")
    try:
        f.result()
    except ValueError as e:
        print(type(e).__name__, e, e is f.exception())
    for function, kind in ((stop, Stop), (leave, SystemExit)):
        f = pool.submit(function)
        try:
            f.result()
        except kind as e:
            print(type(e).__name__, e)
    print(repr(f).split("state=")[1])
    f = pool.submit(7)
    print(type(f.exception()).__name__)
    try:
        pool.submit()
    except TypeError as e:
        print(type(e).__name__)
    print(pool.submit(lambda: None).result())
