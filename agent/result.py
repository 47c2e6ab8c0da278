"""How a job ends: with a result that is JSON, or Failed. For jobs and for functions' processes.

This file is part of micropython-threading, MIT licence.
"""

import json

# The state of a job that has failed.
FAILED = "failed"

# A result that is longer as JSON is not sent.
MAX_RESULT = 4096


class Failed(Exception):
    """A job that ends with this state and reason."""

    def __init__(self, reason, state=FAILED, **fields):
        super().__init__(reason)
        self.reason = reason
        self.state = state
        self.fields = fields


def describe(e):
    text = type(e).__name__
    return (text + ": " + str(e))[:512] if str(e) else text


def is_json(value):
    """MicroPython's json writes any object, and what it writes reads back as something else."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and is_json(v) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(is_json, value))
    if isinstance(value, float):
        return value - value == 0  # neither inf nor nan
    return value is None or isinstance(value, (str, int, bool))  # bool is no int here


def check_result(result):
    if not is_json(result):
        raise Failed("the result is not JSON")
    if len(json.dumps(result)) > MAX_RESULT:
        raise Failed("the result is too long")
