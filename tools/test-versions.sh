#!/usr/bin/env bash
# Builds and runs tests/both on other versions of MicroPython than the default one: the newest that
# Debian's unstable suite has, or the tree that MPY_DIR names; our variant, and upstream's standard
# variant with our modules.
#
#   tools/test-versions.sh
set -euo pipefail
. "$(dirname "$0")/common.sh"

check_options
if [ -z "${MPY_DIR:-}" ]; then
    MPY_DIR=$OUT/micropython-unstable
    "$ROOT/tools/fetch-micropython.sh" "$MPY_DIR" sid newest
fi
export MPY_DIR

status=0
for kind in threads standard; do
    "$ROOT/tools/build.sh" "$kind"
    name=micropython
    [ "$kind" = threads ] || name=micropython-$kind
    "$PYTHON" -B "$ROOT/tests/run_both.py" --name "both-$ARCH-$kind" --cpython "$PYTHON" \
        --micropython "$(emulator) $OUT/$ARCH/$name" || status=1
done
exit "$status"
