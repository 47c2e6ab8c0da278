#!/usr/bin/env bash
# Runs a program in an ARM Linux system: Debian's armhf kernel in QEMU, 64 MB, one Cortex-A7, no
# network, no disk. Used like an emulator:
#
#   tools/arm-system/run.sh PROGRAM FILE
#   tools/arm-system/run.sh --all RESULTS PROGRAM PATH=FILE...
#
# FILE (a script, say) is PROGRAM's one argument. What the program prints comes out here, init's
# own lines go to stderr, and the exit status is the program's. The machine lives at most 300 s.
#
# With --all the machine has FILE at PATH, and PROGRAM may use 4 MB for each script of /scripts
# (init.c); results.py unpacks what they print into the folder RESULTS. The machine lives at most
# 30 min.
set -euo pipefail
. "$(dirname "$0")/../common.sh"

results=
limit=300
if [ "$1" = --all ]; then
    results=$2
    limit=1800
    shift 2
fi
program=$1
shift
if [ -z "$results" ]; then
    arguments="/bin/$(basename "$program") /$(basename "$1")"
    set -- "/$(basename "$1")=$1"
else
    arguments="all /bin/$(basename "$program")"
fi
sysroot=/usr/arm-linux-gnueabihf
work=$OUT/arm-system
kernel=$OUT/vmlinuz-armhf
no_end=124
quiet='quiet loglevel=1 panic=-1 console=ttyAMA0'

# The dynamic linker that a program names and the libraries that it needs, theirs included.
needed_libraries() {
    arm-linux-gnueabihf-readelf -l -d -W "$1" |
        sed -n -e 's/.*interpreter: .*\/\([^]]*\)\].*/\1/p' -e 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        while read -r name; do
            printf '%s\n' "$name"
            needed_libraries "$sysroot/lib/$name"
        done | sort -u
}

# The C library loads libgcc_s itself when a thread is cancelled. A static program needs none.
libraries() {
    local names
    names=$(needed_libraries "$1")
    [ -z "$names" ] || printf '%s\n' "$names" libgcc_s.so.1
}

make_initramfs() {
    local contents=("/init=$work/init" "/bin/$(basename "$program")=$program") name
    contents+=("$@")
    for name in $(libraries "$program" | sort -u); do
        contents+=("/lib/$name=$sysroot/lib/$name")
    done
    arm-linux-gnueabihf-gcc -Os -Wall -Wextra -Werror -static -s \
        -o "$work/init" "$ROOT/tools/arm-system/init.c"
    "$PYTHON" -B "$ROOT/tools/arm-system/make_initramfs.py" "$work/initramfs" "${contents[@]}"
}

boot() {
    timeout --foreground -k 5 "$limit" qemu-system-arm \
        -M virt -cpu cortex-a7 -m 64 -nic none \
        -display none -monitor none -serial stdio -no-reboot \
        -kernel "$kernel" -initrd "$work/initramfs" \
        -append "$quiet -- $arguments" </dev/null
}

mkdir -p "$work"
"$ROOT/tools/deps.sh" host armhf arm-system >&2
"$ROOT/tools/fetch-armhf-kernel.sh" "$kernel" >&2
make_initramfs "$@"
if [ -n "$results" ]; then
    rm -rf "$results"
    boot | "$PYTHON" -B "$ROOT/tools/arm-system/results.py" unpack "$results"
    exit
fi
status=
while IFS= read -r line; do
    line=${line%$'\r'}
    # What comes after init's last word is the kernel's farewell.
    [ -z "$status" ] || continue
    case $line in
        'init: exit status '*) status=${line##* } ;;
    esac
    case $line in
        'init: '*) printf '%s\n' "$line" >&2 ;;
        *) printf '%s\n' "$line" ;;
    esac
done < <(boot)
[ -n "$status" ] || say "the machine ended without init's last word" >&2
exit "${status:-$no_end}"
