#!/usr/bin/env bash
# Installs what a target lacks, with apt; quick and silent when nothing is lacking.
#
#   tools/deps.sh TARGET...        TARGET is one of: host host-musl armhf armel arm64 arm-system bench
#                                  lint docs cpython-tests tls agent
#
# Without apt it names what is lacking and stops.
set -euo pipefail
. "$(dirname "$0")/common.sh"

DEBIAN_KEY=/usr/share/keyrings/debian-archive-keyring.gpg

# What a target needs, one need a line: the proof that it is there, then Debian's package.
# A proof is a program, a file, or libc:COMPILER (the C library's headers for that compiler);
# | stands between alternatives. The compilers only recommend their C library, so it is a need
# of its own. A source package is compressed with xz and checked against the archive's key.
needs() {
    case $1 in
        host) cat <<LIST
make                            make
gcc                             gcc
libc:gcc                        libc6-dev
ld                              binutils
/usr/bin/python3|python3        python3
LIST
            [ -n "${MPY_DIR:-}" ] || cat <<LIST
xz                              xz-utils
$DEBIAN_KEY                     debian-archive-keyring
LIST
            ;;
        host-musl) cat <<LIST
musl-gcc                        musl-tools
LIST
            ;;
        armhf) cat <<LIST
arm-linux-gnueabihf-gcc         gcc-arm-linux-gnueabihf
libc:arm-linux-gnueabihf-gcc    libc6-dev-armhf-cross
qemu-arm-static|qemu-arm        qemu-user-static|qemu-user
LIST
            ;;
        arm64) cat <<LIST
aarch64-linux-gnu-gcc           gcc-aarch64-linux-gnu
libc:aarch64-linux-gnu-gcc      libc6-dev-arm64-cross
qemu-aarch64-static|qemu-aarch64 qemu-user-static|qemu-user
LIST
            ;;
        armel) cat <<LIST
arm-linux-gnueabi-gcc           gcc-arm-linux-gnueabi
libc:arm-linux-gnueabi-gcc      libc6-dev-armel-cross
qemu-arm-static|qemu-arm        qemu-user-static|qemu-user
LIST
            ;;
        i386) cat <<LIST
i686-linux-gnu-gcc              gcc-i686-linux-gnu
libc:i686-linux-gnu-gcc         libc6-dev-i386-cross
LIST
            ;;
        riscv64 | mips) cat <<LIST
$1-linux-gnu-gcc                gcc-$1-linux-gnu
libc:$1-linux-gnu-gcc           libc6-dev-$1-cross
qemu-$1-static|qemu-$1          qemu-user-static|qemu-user
LIST
            ;;
        arm-system) cat <<LIST
qemu-system-arm                 qemu-system-arm
/usr/sbin/mke2fs                e2fsprogs
$DEBIAN_KEY                     debian-archive-keyring
LIST
            ;;
        bench) cat <<LIST
strace                          strace
valgrind                        valgrind
/usr/lib/$(gcc -print-multiarch)/faketime/libfaketime.so.1 libfaketime
LIST
            ;;
        lint) cat <<LIST
clang                           clang
clang-tidy                      clang-tidy
cppcheck                        cppcheck
LIST
            ;;
        tls) cat <<LIST
openssl                         openssl
/usr/sbin/mosquitto             mosquitto
LIST
            ;;
        docs) cat <<LIST
/usr/bin/mypy                   mypy
LIST
            ;;
        cpython-tests) cat <<LIST
$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')/test/lock_tests.py libpython$(
                "$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-testsuite
LIST
            ;;
        agent) cat <<LIST
mosquitto|/usr/sbin/mosquitto            mosquitto
/usr/lib/python3/dist-packages/paho      python3-paho-mqtt
signify-openbsd                 signify-openbsd
bsdiff                          bsdiff
openssl                         openssl
LIST
            ;;
        *) die "deps.sh: unknown target $1" ;;
    esac
}

is_there() {
    local proof
    for proof in ${1//|/ }; do
        case $proof in
            /*) [ -e "$proof" ] && return ;;
            libc:*) echo '#include <stdio.h>' | "${proof#libc:}" -E - >/dev/null 2>&1 && return ;;
            *) command -v "$proof" >/dev/null && return ;;
        esac
    done
    return 1
}

# The lines of needs() that are not met.
lacking() {
    local target proof package
    for target in "$@"; do
        needs "$target" | while read -r proof package; do
            is_there "$proof" || printf '%s %s\n' "$proof" "$package"
        done
    done | sort -u
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 install "$@"
}

apt_knows() { [ -n "$(apt-cache -q=0 madison "$1" 2>/dev/null)" ]; }

# The first of each need's packages that apt knows; fails where it knows none.
choose() {
    local need package
    for need in "$@"; do
        for package in ${need//|/ }; do
            if apt_knows "$package"; then
                printf '%s\n' "$package"
                continue 2
            fi
        done
        return 1
    done
}

# The package lists are brought up to date only when they are missing or too old to be of use.
install_packages() {
    local chosen packages
    if chosen=$(choose "$@"); then
        mapfile -t packages <<<"$chosen"
        say "Installing with apt:" "${packages[@]}"
        apt_install "${packages[@]}" && return
    fi
    as_root apt-get -q update
    chosen=$(choose "$@") || return 1
    mapfile -t packages <<<"$chosen"
    say "Installing with apt:" "${packages[@]}"
    apt_install "${packages[@]}"
}

missing=$(lacking "$@")
[ -n "$missing" ] || exit 0

names=$(awk '{ print $1 }' <<<"$missing" | tr '\n' ' ')
mapfile -t packages < <(awk '{ print $2 }' <<<"$missing" | sort -u)
if ! command -v apt-get >/dev/null; then
    die "lacking: $names(Debian's packages: ${packages[*]}); no apt here: install them first"
elif [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "lacking: $names; no sudo here: as root, apt-get install ${packages[*]%%|*}"
fi
mkdir -p "$OUT"
say "Lacking: $names"
install_packages "${packages[@]}" 2>&1 | tee "$OUT/deps.log" | grep -E '^(Installing with apt|E:)' ||
    true
missing=$(lacking "$@")
[ -z "$missing" ] || die "still lacking: ${missing//$'\n'/, }; apt's log is $(short "$OUT/deps.log")"
