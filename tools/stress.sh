#!/usr/bin/env bash
# Builds the interpreter for ARCH and runs the tests that are marked @stress, each for so many
# seconds; tests/run_variant.py says how a failure is repeated.
#
#   tools/stress.sh SECONDS [TEST...]
#
# An argument, as bash has a variable SECONDS of its own. A TEST is a part of a test's name.
set -euo pipefail
. "$(dirname "$0")/common.sh"

factor=1
[ -z "$(emulator)" ] || factor=10 # QEMU is slow
seed=${SEED:+--seed=$SEED}

"$ROOT/tools/build.sh"
# shellcheck disable=SC2086 # no word at all without a seed
exec "$PYTHON" -B "$ROOT/tests/run_variant.py" --name stress --stress "$1" $seed \
    --micropython "$(micropython_command)" --slow-factor "$factor" "${@:2}"
