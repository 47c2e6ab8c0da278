#!/usr/bin/env bash
# Builds the interpreter for ARCH and runs the tests of modules/posix and of the agent.
#
#   tools/test-agent.sh [SECONDS [TEST...]]
#
# With SECONDS those that are marked @stress, each for so long; with 0 all, as without. A TEST is a part
# of a test's name.
set -euo pipefail
. "$(dirname "$0")/common.sh"

options=()
[ $# = 0 ] || options=(--stress "$1" "${@:2}")
[ -z "${SEED:-}" ] || options+=(--seed "$SEED")
[ -z "$(emulator)" ] || options+=(--slow-factor 10) # QEMU is slow

"$ROOT/tools/build.sh"
"$ROOT/tools/deps.sh" agent || true
"$ROOT/tools/fetch-aedes.sh" "$OUT/aedes" || true
exec "$PYTHON" -B "$ROOT/tests/run_agent.py" --name "agent-$ARCH" \
    --micropython "$(micropython_command)" "${options[@]}"
