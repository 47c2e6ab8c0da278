#!/usr/bin/env bash
# Builds what is compared, then measures threading and queue (benchmarks/bench.py). The tables go to
# docs/bench.md and .svg and to the README; those of QUICK=1, which mean nothing, to build/bench/.
#
#   tools/bench.sh [GROUP]...      a GROUP is a function of benchmarks/bench.py; all if none
set -euo pipefail
. "$(dirname "$0")/common.sh"

check_options
[ "$ARCH" = host ] || die "bench measures this machine: ARCH=$ARCH is not supported"
[ -z "${DEBUG:-}" ] || die "bench measures what users run: DEBUG is not supported"
"$ROOT/tools/deps.sh" host bench
find_micropython
export MPY_DIR
for kind in threads stock-gil; do
    "$ROOT/tools/build.sh" "$kind"
done
# For the bytes of its code.
ARCH=armhf "$ROOT/tools/build.sh"

yardstick=$OUT/bench/yardstick
mkdir -p "$OUT/bench"
phase "Building yardstick" "$yardstick.log" \
    gcc -O2 -Wall -Wextra -Werror -pthread -o "$yardstick" "$ROOT/benchmarks/yardstick.c"

options=(--out "$ROOT/docs" --readme "$ROOT/README.md")
case ${QUICK:-} in
    '') ;;
    1) options=(--out "$OUT/bench" --readme "" --quick) ;;
    *) die "QUICK=$QUICK is not known; it is 1 or left out" ;;
esac
"$PYTHON" -B "$ROOT/benchmarks/bench.py" "${options[@]}" --cpython "$PYTHON" \
    --ours "$OUT/host/micropython" --stock "$OUT/host/micropython-stock-gil" \
    --yardstick "$yardstick" --objects "$OUT/host/obj-threads:$OUT/armhf/obj-threads" "$@"
