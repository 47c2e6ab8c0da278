#!/usr/bin/env bash
# Runs the demo RUNS times (200) on the edition in Python and stock's GIL, with the one line that
# lib/lines.py asks for, in real time: some 80 s. The order of its lines there is a matter of time
# (docs/pure.md), so this is no part of `make test`.
set -euo pipefail
. "$(dirname "$0")/common.sh"

"$ROOT/tools/build.sh" stock-gil
MICROPYPATH="$ROOT/lib" exec "$PYTHON" -B "$ROOT/tools/soak_demo.py" \
    --micropython "$OUT/host/micropython-stock-gil" --work "$OUT/host" --runs "${RUNS:-200}" \
    --jobs 10 --first-line "import lines" --in-real-time
