#!/usr/bin/env bash
# Builds the interpreter for ARCH, runs examples/test_threading.py on it and checks the output.
# With MACHINE=system the interpreter runs in a whole ARM Linux system. The exit status is the
# script's, or 1 when the output differs. Closes with `demo-...: N passed, N failed, N skipped`.
set -euo pipefail
. "$(dirname "$0")/common.sh"

script=examples/test_threading.py
name=demo-$ARCH${MACHINE:+-$MACHINE}

check_options
"$ROOT/tools/build.sh"
if [ "${MACHINE:-}" = system ]; then
    output=$OUT/$ARCH/demo-system.out
    # Longer than the machine may live by its own limit.
    limit=360
    run=("$ROOT/tools/arm-system/run.sh" "$OUT/$ARCH/micropython")
    say "Running $script in an ARM Linux system, which takes some ten seconds:"
else
    output=$OUT/$ARCH/demo.out
    limit=60
    read -ra run <<<"$(micropython_command)"
    say "Running $script on $(short "${run[*]}"), which takes four seconds:"
fi

status=0
timeout --foreground -k 5 "$limit" "${run[@]}" "$ROOT/$script" | tee "$output" || status=$?
if [ "$status" != 0 ]; then
    say "The script ended with exit status $status."
elif "$PYTHON" -B "$ROOT/tools/check_demo.py" "$output"; then
    say "The output is as expected: every line, in order and whole."
    say "$name: 1 passed, 0 failed, 0 skipped"
    exit 0
else
    say "The output differs from what is expected."
    status=1
fi
say "$name: 0 passed, 1 failed, 0 skipped"
exit "$status"
