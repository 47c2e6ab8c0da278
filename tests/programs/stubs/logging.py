# As much of logging as concurrent.futures uses.
import builtins
import sys

builtins.TimeoutError = OSError


class Logger:
    def exception(self, text, *args):
        self.critical(text, *args)

    def critical(self, text, *args, exc_info=False):
        print(text % args, file=sys.stderr)


def getLogger(name):
    return Logger()
