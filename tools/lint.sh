#!/usr/bin/env bash
# Looks at our C files with clang-tidy and cppcheck, as they are compiled for the threads variant.
# What is not asked for, and why:
#
#   easily-swappable-parameters, narrowing-conversions   MicroPython's API is made of them
#   reserved-identifier   include guards and struct tags are named as in py/; linkers' --wrap too
#   assignment-in-if-condition, implicit-widening of constants   the house style has them
set -euo pipefail
. "$(dirname "$0")/common.sh"

"$ROOT/tools/deps.sh" lint
"$ROOT/tools/build.sh"
find_micropython
folders=(modules/sync modules/sync/port modules/threading modules/queue variants/threads)
includes=(-I"$MPY_DIR" -I"$MPY_DIR/ports/unix" -I"$OUT/host/obj-threads")
for folder in "${folders[@]}"; do
    includes+=(-I"$ROOT/$folder")
done
checks='-*,bugprone-*,clang-analyzer-*,cert-*,misc-redundant-expression'
checks+=',-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions'
checks+=',-bugprone-reserved-identifier,-cert-dcl37-c,-cert-dcl51-cpp'
checks+=',-bugprone-assignment-in-if-condition,-bugprone-implicit-widening-of-multiplication-result'

cd "$ROOT"
failed=0
files=0
for file in modules/*/*.c modules/sync/port/linux_thread.c variants/threads/*.c launcher/*.c; do
    files=$((files + 1))
    # The variant's guard is the GIL: what port/linux.c has is not compiled.
    clang-tidy --quiet --warnings-as-errors='*' --checks="$checks" "$file" -- \
        -std=gnu99 -DUNIX -D_GNU_SOURCE -DSYNC_GUARD_IS_GIL=1 \
        "${includes[@]}" 2>/dev/null | sed "s|$ROOT/||" || failed=$((failed + 1))
done
cppcheck --quiet --error-exitcode=1 --enable=warning,portability --std=c99 --max-configs=4 \
    -D__BYTE_ORDER__=1234 -D__ORDER_LITTLE_ENDIAN__=1234 -D__x86_64__ -DSYNC_GUARD_IS_GIL=1 \
    --suppress=missingInclude --suppress='*:*/ports/*' --suppress='*:*/py/*' \
    "${includes[@]}" modules variants launcher || failed=$((failed + 1))
say "lint: $((files + 1 - failed)) passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
