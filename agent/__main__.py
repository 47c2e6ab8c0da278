import sys

from agent.core import main

if len(sys.argv) != 2:
    print("usage: micropython -m agent CONFIG.json", file=sys.stderr)
    sys.exit(2)
main(sys.argv)
