def count(start=0, step=1):
    while True:
        yield start
        start += step


def islice(iterable, stop):
    for i, item in zip(range(stop), iterable):
        yield item


def chain(*iterables):
    for iterable in iterables:
        yield from iterable
