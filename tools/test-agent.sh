#!/usr/bin/env bash
# Builds the interpreter for ARCH and runs the tests of modules/posix and of the agent.
set -euo pipefail
. "$(dirname "$0")/common.sh"

"$ROOT/tools/build.sh"
"$ROOT/tools/deps.sh" agent || true
exec "$PYTHON" -B "$ROOT/tests/run_agent.py" --name "agent-$ARCH" \
    --micropython "$(micropython_command)"
