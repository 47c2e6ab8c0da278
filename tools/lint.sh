#!/usr/bin/env bash
# Compiles our C files with gcc and clang at -Os, -O2 and -O3, every warning an error, and looks at them
# with clang-tidy and cppcheck, as they are compiled for the threads variant. What is not asked for, and
# why:
#
#   easily-swappable-parameters, narrowing-conversions   MicroPython's API is made of them
#   reserved-identifier   include guards and struct tags are named as in py/; linkers' --wrap too
#   assignment-in-if-condition, implicit-widening of constants   the house style has them
set -euo pipefail
. "$(dirname "$0")/common.sh"

"$ROOT/tools/deps.sh" lint
"$ROOT/tools/build.sh"
"$ROOT/tools/build.sh" debug
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
# Without what is made of other projects' headers.
sources=(modules/{posix,queue,sync,threading}/*.c modules/sync/port/linux_thread.c variants/threads/*.c launcher/*.c)
failed=0
files=0

# The port's own flags, with and without assertions, and what the debug mode adds.
compile() {
    local compiler=$1 file=$2 guard=-DSYNC_GUARD_IS_GIL=1 level mode
    case $file in
        */port/linux.c) guard= ;; # of a host without that guard
        */modposix.c | launcher/*) guard+=' -U_GNU_SOURCE' ;; # defines it itself
    esac
    for level in -Os -O2 -O3; do
        for mode in -DNDEBUG "-DTHREADS_DEBUG=1 -DSYNC_DEBUG=1 -I$OUT/host/obj-debug"; do
            # shellcheck disable=SC2086
            "$compiler" -c -o /dev/null "$level" -std=gnu99 -Wall -Wextra -Wno-unused-parameter \
                -Wpointer-arith -Wdouble-promotion -Wfloat-conversion -Werror -DUNIX -D_GNU_SOURCE \
                -D_FILE_OFFSET_BITS=64 $mode "${includes[@]}" $guard "$file" ||
                say "FAIL $compiler $level ${mode%% *} $file"
        done
    done
}

for compiler in gcc clang; do
    for file in "${sources[@]}" modules/sync/port/linux.c; do
        files=$((files + 1))
        found=$(compile "$compiler" "$file" 2>&1)
        [ -z "$found" ] || {
            say "$found"
            failed=$((failed + 1))
        }
    done
done
for file in "${sources[@]}"; do
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
