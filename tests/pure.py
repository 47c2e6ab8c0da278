# Runs a script on the edition in Python, also where built-in modules have its names:
#
#     micropython tests/pure.py LIB SCRIPT
#
# Modules in sys.modules come before built-in ones, and no built-in one's name begins with a slash.
# The script is imported: not every build has execfile().
import sys

lib, script = sys.argv[1:]
sys.path[0] = lib
for name in ("threading", "queue"):
    module = sys.modules[name] = __import__("/" + name)
    module.__name__ = name
    del sys.modules["/" + name]
folders = script.split("/")
sys.path[0] = "/".join(folders[:-1])
__import__(folders[-1][: -len(".py")])
