import sys

from agent.core import main

if len(sys.argv) < 2 or sys.argv[2:] != ["request"] and sys.argv[2:3] not in ([], ["cert"]):
    print("usage: micropython -m agent CONFIG.json [request | cert FILE]", file=sys.stderr)
    sys.exit(2)
main(sys.argv)
