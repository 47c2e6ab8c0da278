#!/usr/bin/env bash
# Upgrades the agent on a board: an ARM Linux system with a disk and a network, whose power is cut.
#
#   tools/test-arm-upgrade.sh [WORD...]     only the tests of tests/board whose names contain a word
set -euo pipefail
. "$(dirname "$0")/common.sh"

export ARCH=armhf PROFILE=small TLS=13 AGENT=1
check_options
work=$OUT/arm-system/upgrade

# Without mosquitto, signify or openssl the tests are skipped.
"$ROOT/tools/deps.sh" agent || true
"$ROOT/tools/deps.sh" arm-system
"$ROOT/tools/build.sh"
mkdir -p "$work"
cp "$OUT/armhf/micropython" "$OUT/armhf/launcher" "$work"
find_micropython
"$PYTHON" -B "$ROOT/tools/bundle.py" "$MPY_DIR" "$OUT/host/mpy-cross" \
    --version 99.0 -o "$work/agent.romfs" >/dev/null
rm -rf "$work/certificates"
if command -v openssl >/dev/null; then
    "$PYTHON" -B "$ROOT/tests/run_tls.py" --micropython true --certificates "$work/certificates"
fi
# Now, for machines that start at once would all wait for it.
"$ROOT/tools/fetch-armhf-kernel.sh" "$OUT/vmlinuz-armhf"
"$PYTHON" -B "$ROOT/tests/run_board.py" --name arm-upgrade --timeout 600 \
    --micropython "$(emulator) $work/micropython" "$@"
