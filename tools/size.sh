#!/usr/bin/env bash
# Says from the linker's map how many bytes of the interpreter are whose.
#
#   tools/size.sh          builds with the options given; prints the parts and draws them, to
#                          build/ARCH/sizes.svg
#   tools/size.sh check    builds for armhf what has a budget, and fails where one is passed
#   tools/size.sh docs     builds for armhf what docs/sizes.md lists, and writes it there
set -euo pipefail
. "$(dirname "$0")/common.sh"

folder=$OUT/sizes

# Builds with the options in the environment, and measures: NAME, then options of size_map.py.
measure() {
    local title=$1 objects
    shift
    "$ROOT/tools/build.sh"
    objects=$(readlink -f "$OUT/$ARCH/obj-threads")
    "$PYTHON" -B "$ROOT/tools/size_map.py" "$OUT/$ARCH/micropython" "$objects/micropython.map" \
        "$objects" --title "$title" "$@"
}

for_armhf() {
    local name=$1
    mkdir -p "$folder"
    ARCH=armhf measure "$name" --json "$folder/$name.json"
}

with_budget() {
    PROFILE=small LIBC='' TLS=13 AGENT=1 for_armhf small-tls13-agent
    find_micropython
    # Upgrades have a budget of their own.
    "$PYTHON" -B "$ROOT/tools/bundle.py" "$MPY_DIR" "$OUT/host/mpy-cross" --without upgrade \
        -o "$folder/agent.romfs"
    local AGENT=''
    PROFILE=small LIBC='' TLS=13 for_armhf small-tls13
    PROFILE=small LIBC=glibc TLS=13 for_armhf small-tls13-glibc
    PROFILE=small LIBC='' TLS=0 for_armhf small
}

case ${1:-} in
    '') measure "$ARCH" --top 20 --svg "$OUT/$ARCH/sizes.svg" ;;
    check)
        with_budget
        "$PYTHON" -B "$ROOT/tools/sizes.py" check "$folder"
        ;;
    docs)
        AGENT=''
        PROFILE=full LIBC='' TLS=0 for_armhf full
        PROFILE=small LIBC='' TLS=12 for_armhf small-tls12
        with_budget
        "$PYTHON" -B "$ROOT/tools/sizes.py" docs "$folder"
        ;;
    *) die "size.sh: unknown command $1" ;;
esac
