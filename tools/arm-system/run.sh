#!/usr/bin/env bash
# Runs a program in an ARM Linux system: Debian's armhf kernel in QEMU, 64 MB, one Cortex-A7, no
# network, no disk. Used like an emulator:
#
#   tools/arm-system/run.sh PROGRAM FILE
#
# FILE (a script, say) is PROGRAM's one argument. What the program prints comes out here, init's
# own lines go to stderr, and the exit status is the program's. The machine lives at most 300 s.
set -euo pipefail
. "$(dirname "$0")/../common.sh"

program=$1
file=$2
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

# The C library loads libgcc_s itself when a thread is cancelled.
libraries() {
    needed_libraries "$1"
    echo libgcc_s.so.1
}

make_initramfs() {
    local contents=("/init=$work/init" "/bin/$(basename "$program")=$program") name
    contents+=("/$(basename "$file")=$file")
    for name in $(libraries "$program" | sort -u); do
        contents+=("/lib/$name=$sysroot/lib/$name")
    done
    arm-linux-gnueabihf-gcc -Os -Wall -Wextra -Werror -static -s \
        -o "$work/init" "$ROOT/tools/arm-system/init.c"
    "$PYTHON" -B "$ROOT/tools/arm-system/make_initramfs.py" "$work/initramfs" "${contents[@]}"
}

boot() {
    timeout --foreground -k 5 300 qemu-system-arm \
        -M virt -cpu cortex-a7 -m 64 -nic none \
        -display none -monitor none -serial stdio -no-reboot \
        -kernel "$kernel" -initrd "$work/initramfs" \
        -append "$quiet -- /bin/$(basename "$program") /$(basename "$file")" </dev/null
}

mkdir -p "$work"
"$ROOT/tools/deps.sh" host armhf arm-system >&2
"$ROOT/tools/fetch-armhf-kernel.sh" "$kernel" >&2
make_initramfs
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
