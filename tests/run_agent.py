#!/usr/bin/env python3
"""Run the tests of tests/agent: the device agent against a real broker and a faulty one.

    python3 tests/run_agent.py --name agent-host --micropython build/host/micropython [filter ...]

Options, filters and the closing line are those of run_variant.py; the tests are functions
test_*(t) in the modules of tests/agent.
"""

import sys

import run_variant

if __name__ == "__main__":
    sys.exit(run_variant.main("agent"))
