#!/usr/bin/env bash
# Boots an ARM Linux system of 64 MB that holds the small build and little else, where a script may
# use 4 MB; runs the scripts of tests/both, the mission's script, and those of tests/arm, which measure
# memory and put the queues under stress; compares what they print.
#
#   tools/test-arm-system.sh [WORD...]      only the scripts of tests/both whose names contain a word
set -euo pipefail
. "$(dirname "$0")/common.sh"

export ARCH=armhf LIBC=musl
work=$OUT/arm-system
results=$work/results
words=("$@")
check_options

build() {
    PROFILE=$1 TLS=13 "$ROOT/tools/build.sh"
    mkdir -p "$work"
    cp "$OUT/armhf/micropython" "$work/$2"
}

is_chosen() {
    local word
    [ "${#words[@]}" -gt 0 ] || return 0
    for word in "${words[@]}"; do
        case $1 in *"$word"*) return 0 ;; esac
    done
    return 1
}

build full peer
build small micropython
"$ROOT/tools/deps.sh" tls
"$PYTHON" -B "$ROOT/tests/run_tls.py" --micropython true --certificates "$work/certificates"

contents=("/peer=$work/peer" "/peer.py=$ROOT/tests/arm/peer.py")
for name in ca.pem localhost.pem localhost.key device.pem device.key; do
    contents+=("/$name=$work/certificates/$name")
done
for file in "$ROOT"/lib/concurrent/*.py; do
    contents+=("/lib/concurrent/$(basename "$file")=$file")
done
contents+=("/lib/ram.py=$ROOT/tests/arm/ram.py" "/scripts/test_threading.py=$ROOT/examples/test_threading.py")
for file in "$ROOT"/tests/arm/*_*.py; do
    contents+=("/scripts/$(basename "$file")=$file")
done
for file in "$ROOT"/tests/both/*.py; do
    ! is_chosen "$file" || contents+=("/scripts/$(basename "$file")=$file")
done
"$ROOT/tools/arm-system/run.sh" --all "$results" "$work/micropython" "${contents[@]}"

log=$work/both.log
"$PYTHON" -B "$ROOT/tests/run_both.py" --name both-arm-system --cpython "$PYTHON" --micropython \
    "$PYTHON -B $ROOT/tools/arm-system/results.py replay $results '$(emulator) $work/micropython'" \
    "${words[@]}" | tee "$log" || true
sums=$(sed -n 's/^both-arm-system: \([0-9]*\) passed, \([0-9]*\) failed, .*/\1 \2/p' "$log")
read -r passed failed <<<"${sums:-0 1}"

count() {
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "failed: $1"
    fi
}
for file in "$ROOT"/tests/arm/*_*.py; do
    name=$(basename "$file")
    say "$name: $(tr '\n' ';' <"$results/$name.out")"
    bad=0
    grep -q -s '^0$' "$results/$name.status" || bad=1
    grep -q -E ' ok$|^lost 0 some True$' "$results/$name.out" || bad=1
    ! grep -q 'TOO MUCH$' "$results/$name.out" || bad=1
    count "$name" "$bad"
done
bad=0
"$PYTHON" -B "$ROOT/tools/check_demo.py" "$results/test_threading.py.out" || bad=1
count test_threading.py "$bad"
say "arm-system: $passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
