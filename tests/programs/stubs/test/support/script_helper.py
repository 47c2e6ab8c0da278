# Runs a script in another MicroPython.
import os
import sys


def run(*args):
    assert args[0] == "-c" and len(args) == 2, args
    name = "script-" + os.urandom(8).hex()
    with open(name + ".py", "w") as file:
        file.write(args[1])
    status = os.system("%s %s.py >%s.out 2>%s.err" % (sys.executable, name, name, name))
    texts = [open(name + ending, "rb").read() for ending in (".out", ".err")]
    return status >> 8, texts[0], texts[1]


def assert_python_ok(*args, **env):
    result = run(*args)
    assert result[0] == 0, result
    return result


def assert_python_failure(*args, **env):
    result = run(*args)
    assert result[0] != 0, result
    return result
