# map(): results in the order of the arguments, calls at once.
import threading
from concurrent.futures import ThreadPoolExecutor

both = threading.Barrier(2)


def meet(i):
    both.wait(30)
    return i


def check(i):
    if i == 2:
        raise ValueError(i)
    return i * 10


with ThreadPoolExecutor(max_workers=2) as pool:
    print(list(pool.map(pow, range(5), range(5))))
    print(list(pool.map(pow, [2, 3], (5, 6, 7))), list(pool.map(str, [])))
    print(list(pool.map(meet, range(6))))
    print(list(pool.map(str, range(5), chunksize=3)), list(pool.map(str, "ab", timeout=30)))
    ran = []
    results = pool.map(ran.append, range(3))
    pool.submit(int).result()
    print(next(results), next(results), next(results), sorted(ran))
    try:
        next(results)
    except StopIteration:
        print("StopIteration")

    results = pool.map(check, range(5))
    print(next(results), next(results))
    try:
        next(results)
    except ValueError as e:
        print(type(e).__name__, e)
    print(list(results))
    try:
        pool.map(str, 5)
    except TypeError as e:
        print(type(e).__name__)
