#!/usr/bin/env bash
# Builds the interpreter for ARCH and runs the tests that are marked @stress, each for so many
# seconds, then random programs for as long (tests/run_fuzz.py), then small ones in every order of their
# threads (tests/run_explore.py), then real threads on the core and the GIL (tests/run_native.py). Each
# says how a failure is repeated.
#
#   tools/stress.sh SECONDS [TEST...]
#
# An argument, as bash has a variable SECONDS of its own. A TEST is a part of a test's name, or fuzz, explore or native.
set -euo pipefail
. "$(dirname "$0")/common.sh"

factor=1
[ -z "$(emulator)" ] || factor=10 # QEMU is slow
seed=${SEED:+--seed=$SEED}

"$ROOT/tools/build.sh"
# Random programs, with the sanitizers where the machine runs its own programs.
fuzz() {
    local name=micropython
    if [ "$ARCH" = host ]; then
        "$ROOT/tools/build.sh" sanitized
        name=micropython-sanitized
    fi
    # shellcheck disable=SC2046,SC2086
    "$PYTHON" -B "$ROOT/tests/run_fuzz.py" --seconds "$1" $seed --cpython "$PYTHON" \
        --micropython "$(emulator) $OUT/$ARCH/$name"
}

variant() {
    # shellcheck disable=SC2086 # no word at all without a seed
    "$PYTHON" -B "$ROOT/tests/run_variant.py" --name stress --stress "$1" $seed \
        --micropython "$(micropython_command)" --slow-factor "$factor" "${@:2}"
}

explore() {
    ARCH=host "$ROOT/tools/build.sh" explore
    # shellcheck disable=SC2086
    "$PYTHON" -B "$ROOT/tests/run_explore.py" --seconds "$1" $seed --explorer "$OUT/host/micropython-explore"
}

# The core and the GIL with real threads.
native() {
    # shellcheck disable=SC2086
    "$PYTHON" -B "$ROOT/tests/run_native.py" --stress "$1" $seed
}

status=0
case "$# ${2:-}" in
    1\ ) variant "$1" && fuzz "$1" && explore "$1" && native "$1" || status=1 ;;
    *\ native) native "$1" || status=1 ;;
    *\ fuzz) fuzz "$1" || status=1 ;;
    *\ explore) explore "$1" || status=1 ;;
    *) variant "$@" || status=1 ;;
esac
exit "$status"
