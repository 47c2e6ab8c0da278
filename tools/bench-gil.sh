#!/usr/bin/env bash
# Builds what is compared, then measures the GIL and the collector (benchmarks/gil.py). The tables
# go to docs/bench-gil.md and .svg; those of QUICK=1, which mean nothing, to build/bench/.
#
#   tools/bench-gil.sh [GROUP]...      a GROUP is a function of benchmarks/gil.py; all if none
set -euo pipefail
. "$(dirname "$0")/common.sh"

check_options
[ "$ARCH" = host ] || die "bench-gil measures this machine: ARCH=$ARCH is not supported"
[ -z "${DEBUG:-}" ] || die "bench-gil measures what users run: DEBUG is not supported"
"$ROOT/tools/deps.sh" host bench
find_micropython
export MPY_DIR
for kind in threads stock-gil no-hook; do
    "$ROOT/tools/build.sh" "$kind"
done

yardstick=$OUT/bench/gil_yardstick
mkdir -p "$OUT/bench"
phase "Building gil_yardstick" "$yardstick.log" \
    gcc -O2 -Wall -Wextra -Werror -pthread -o "$yardstick" "$ROOT/benchmarks/gil_yardstick.c"

options=(--out "$ROOT/docs")
case ${QUICK:-} in
    '') ;;
    1) options=(--out "$OUT/bench" --quick) ;;
    *) die "QUICK=$QUICK is not known; it is 1 or left out" ;;
esac
"$PYTHON" -B "$ROOT/benchmarks/gil.py" "${options[@]}" --cpython "$PYTHON" \
    --ours "$OUT/host/micropython" --no-hook "$OUT/host/micropython-no-hook" \
    --stock "$OUT/host/micropython-stock-gil" --yardstick "$yardstick" \
    --perf-bench "$MPY_DIR/tests/perf_bench" "$@"
