# initializer: called once in each thread before its first call.
import threading
from concurrent.futures import ThreadPoolExecutor

local = threading.local()
calls = []
both = threading.Barrier(2)


def prepare(*args):
    calls.append(args)
    local.value = sum(args)


def work(_):
    both.wait(30)
    return local.value


with ThreadPoolExecutor(2, initializer=prepare, initargs=(1, 2)) as pool:
    print(calls)
    print(list(pool.map(work, range(8))), calls)
with ThreadPoolExecutor(1, "name", prepare, [5]) as pool:
    print(pool.submit(lambda: local.value).result(), calls[2:])
with ThreadPoolExecutor(1, initializer=prepare) as pool:
    print(pool.submit(lambda: local.value).result(), calls[3:])
