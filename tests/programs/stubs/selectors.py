import select

EVENT_READ = select.POLLIN


class PollSelector:
    def __init__(self):
        self.poll = select.poll()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def register(self, thing, events):
        self.poll.register(thing.fileno(), events)

    def select(self, timeout):
        return self.poll.poll(int(timeout * 1000))
