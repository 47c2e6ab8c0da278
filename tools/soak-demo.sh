#!/usr/bin/env bash
# Builds the interpreter for ARCH and runs the demo's script RUNS times, JOBS at once, on busy
# cores; see soak_demo.py. QEMU is some ten times slower, so it gets fewer runs.
set -euo pipefail
. "$(dirname "$0")/common.sh"

default_runs=200
[ "$ARCH" != host ] || default_runs=1000

"$ROOT/tools/build.sh"
exec "$PYTHON" -B "$ROOT/tools/soak_demo.py" --micropython "$(micropython_command)" \
    --work "$OUT/$ARCH" --runs "${RUNS:-$default_runs}" --jobs "${JOBS:-4}"
