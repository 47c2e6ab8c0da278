#!/usr/bin/env bash
# Builds the small profile for every architecture that Debian has a cross compiler for here, with
# musl where Debian has it, and runs tests/both on each under QEMU's user mode.
#
#   tools/build-all.sh [ARCH...]
set -euo pipefail
. "$(dirname "$0")/common.sh"

export PROFILE=small ARCH
[ "$#" -gt 0 ] || set -- armhf armel arm64 mips riscv64
status=0
for ARCH in "$@"; do
    check_options
    "$ROOT/tools/build.sh" || {
        status=1
        continue
    }
    "$PYTHON" -B "$ROOT/tests/run_both.py" --name "both-$ARCH" --cpython "$PYTHON" \
        --micropython "$(micropython_command)" || status=1
done
exit "$status"
