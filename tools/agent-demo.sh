#!/usr/bin/env bash
# Builds the interpreter for this machine, and lets the agent on it and a server talk.
set -euo pipefail
. "$(dirname "$0")/common.sh"

ARCH=host
"$ROOT/tools/build.sh"
"$ROOT/tools/deps.sh" agent || die "without mosquitto there is no broker to talk through"
exec "$PYTHON" -B "$ROOT/tools/agent_demo.py" "$OUT/host/micropython"
