"""The process of one technician's function: python -m agent.child.

Standard input says what to run, as JSON: {"folder", "fn", "args"}. What the function prints is the
job's output. Descriptor 3 takes lines of JSON: {"pct", "msg"} progress, {"log", "level"},
{"result"} at the end, or {"error"}. SIGTERM raises KeyboardInterrupt.

This file is part of micropython-threading, MIT licence.
"""

import json
import sys
from time import sleep

import posix
from agent.result import Failed, check_result, describe, is_json

_CONTROL = 3


def _tell(message):
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[posix.write(_CONTROL, data) :]


class Job:
    """The function's first argument; the same methods as agent.jobs.Job has for threads."""

    def progress(self, percent, text=""):
        if not is_json([percent, text]):
            raise TypeError("not JSON")
        _tell({"pct": percent, "msg": text})

    def log(self, text, level=20):
        _tell({"log": text, "level": level})

    def canceled(self):
        return False  # KeyboardInterrupt says so

    def wait(self, seconds):
        sleep(seconds)
        return False


def main():
    spec = json.loads(sys.stdin.read())
    try:
        posix.sigterm_interrupts()
        sys.path.insert(0, spec["folder"])
        result = __import__(spec["fn"]).run(Job(), **spec["args"])
        check_result(result)
        _tell({"result": result})
    except Failed as e:
        _tell({"error": e.reason})
        sys.exit(1)
    except BaseException as e:
        sys.print_exception(e)
        _tell({"error": describe(e)})
        sys.exit(1)


if __name__ == "__main__":
    main()
