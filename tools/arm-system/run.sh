#!/usr/bin/env bash
# Runs a program in an ARM Linux system: Debian's armhf kernel in QEMU, 64 MB, one Cortex-A7, no
# network, no disk. Used like an emulator:
#
#   tools/arm-system/run.sh PROGRAM FILE
#   tools/arm-system/run.sh --all RESULTS PROGRAM PATH=FILE...
#   tools/arm-system/run.sh --board DISK ARGUMENTS PROGRAM PATH=FILE...
#
# FILE (a script, say) is PROGRAM's one argument. What the program prints comes out here, init's
# own lines go to stderr, and the exit status is the program's. The machine lives at most 300 s.
#
# With --all the machine has FILE at PATH, and PROGRAM may use 4 MB for each script of /scripts
# (init.c); results.py unpacks what they print into the folder RESULTS. The machine lives at most
# 30 min.
#
# With --board PROGRAM has the words in ARGUMENTS, the ext4 file system in the file DISK at /data, and
# a network in which 10.0.2.2 is this machine's loopback. Several may run at once, for as long, each
# with a DISK in a folder of its own. To kill the process group is to cut the power.
set -euo pipefail
. "$(dirname "$0")/../common.sh"

work=$OUT/arm-system
kernel=$OUT/vmlinuz-armhf
results=
disk=
limit=1800
case $1 in
    --all)
        results=$2
        program=$3
        arguments="all /bin/$(basename "$program")"
        shift 3
        ;;
    --board)
        disk=$2
        program=$4
        arguments="board /bin/$(basename "$program") $3"
        work=$(dirname "$disk")
        shift 4
        ;;
    *)
        program=$1
        arguments="/bin/$(basename "$program") /$(basename "$2")"
        limit=300
        set -- "/$(basename "$2")=$2"
        ;;
esac
sysroot=/usr/arm-linux-gnueabihf
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
    for name in ${disk:+"$kernel.modules"/*}; do
        contents+=("/modules/$(basename "$name")=$name")
    done
    for name in $(libraries "$program" | sort -u); do
        contents+=("/lib/$name=$sysroot/lib/$name")
    done
    arm-linux-gnueabihf-gcc -Os -Wall -Wextra -Werror -static -s \
        -o "$work/init" "$ROOT/tools/arm-system/init.c"
    "$PYTHON" -B "$ROOT/tools/arm-system/make_initramfs.py" "$work/initramfs" "${contents[@]}"
}

boot() {
    local devices=(-nic none)
    [ -z "$disk" ] || devices=(
        -netdev "user,id=net" -device "virtio-net-device,netdev=net"
        -drive "if=none,id=disk,format=raw,file=$disk" -device "virtio-blk-device,drive=disk")
    timeout --foreground -k 5 "$limit" qemu-system-arm \
        -M virt -cpu cortex-a7 -m 64 "${devices[@]}" \
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
