#!/usr/bin/env python3
"""Run the tests of tests/board: the agent on a board that QEMU emulates as a whole.

tools/test-arm-upgrade.sh starts it; options, filters and the closing line are those of
run_variant.py. Beside the build under test are the launcher and the folder `certificates`.
"""

import sys

import run_variant

if __name__ == "__main__":
    sys.exit(run_variant.main("board"))
