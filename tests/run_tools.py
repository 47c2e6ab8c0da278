#!/usr/bin/env python3
"""Runs the tests of tools/, which are in tests/tools.

Closes with `tools: N passed, N failed, N skipped`.
"""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    sys.path.insert(0, os.path.join(HERE, "../tools"))
    suite = unittest.defaultTestLoader.discover(os.path.join(HERE, "tools"))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    passed = result.testsRun - failed - skipped
    print("tools: {} passed, {} failed, {} skipped".format(passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
