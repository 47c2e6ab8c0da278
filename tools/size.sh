#!/usr/bin/env bash
# Builds the interpreter for ARCH and prints what it and each of our parts weigh. The objects'
# bytes are before --gc-sections: an upper bound of what is in the executable.
set -euo pipefail
. "$(dirname "$0")/common.sh"

"$ROOT/tools/build.sh"
size=$(cross_prefix)size
objects=$OUT/$ARCH/obj-threads

row() { printf '%-44s %9s %9s %9s %9s\n' "$@"; }

# TEXT DATA BSS, added up over the objects given.
sums() { "$size" "$@" | awk 'NR > 1 { t += $1; d += $2; b += $3 } END { print t, d, b }'; }

executables() {
    local program text data bss
    for program in "$OUT/$ARCH"/micropython{,-stock,-standard}; do
        [ -e "$program" ] || continue
        read -r text data bss <<<"$(sums "$program")"
        row "$(short "$program")" "$text" "$data" "$bss" "$(stat -c %s "$program")"
    done
}

# The objects of a part lie under its name; the variant's, whose sources have absolute names,
# under theirs.
parts() {
    local part found text data bss
    for part in modules/sync modules/threading modules/queue variants/threads; do
        mapfile -t found < <(find "$objects/" -name '*.o' \
            \( -path "$objects/${part#modules/}/*" -o -path "*$ROOT/$part/*" \))
        [ "${#found[@]}" -gt 0 ] || continue
        read -r text data bss <<<"$(sums "${found[@]}")"
        row "$part" "$text" "$data" "$bss" -
    done
}

row "$ARCH (bytes)" text data bss file
executables
parts
