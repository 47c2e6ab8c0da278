# since 3.14
# map(): buffersize bounds how many arguments are taken ahead of the results.
from concurrent.futures import ThreadPoolExecutor

taken = []


def numbers():
    for i in range(6):
        taken.append(i)
        yield i


with ThreadPoolExecutor(2) as pool:
    results = pool.map(str, numbers(), buffersize=2)
    print(taken)
    print(next(results), taken)
    print(next(results), taken)
    print(list(results), taken)
    print(list(pool.map(str, range(3), buffersize=10)), list(pool.map(str, [], buffersize=1)))
    for buffersize in (0, -1, "2", 1.0):
        try:
            pool.map(str, [], buffersize=buffersize)
        except (TypeError, ValueError) as e:
            print(type(e).__name__, e)
