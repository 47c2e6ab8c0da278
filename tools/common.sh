# shellcheck shell=bash
# What the scripts of tools/ share: names of folders, options, messages. Sourced, never run.
#
# Options come from the environment, where the Makefile puts them; `make help` explains each.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=$ROOT/build
MPY_VERSION=1.25.0
ARCH=${ARCH:-host}
PROFILE=${PROFILE:-full}
TLS=${TLS:-0}

# Names relative to the repository read better than absolute ones.
short() { printf '%s' "${1//"$ROOT/"/}"; }
say() { printf '%s\n' "$*"; }
die() {
    printf '%s\n' "error: $*" >&2
    exit 1
}

# Debian's CPython where there is one: another that is first in PATH may be newer or older
# than the one that the tests' expectations come from.
# shellcheck disable=SC2034 # used by the scripts
if [ -x /usr/bin/python3 ]; then
    PYTHON=/usr/bin/python3
else
    PYTHON=python3
fi

# Refuses what is not supported, rather than building something else than what was asked for.
check_options() {
    case $ARCH in
        host | host-musl | armhf | armel | arm64 | i386 | riscv64 | mips) ;;
        *) die "ARCH=$ARCH is not known; it is one of: host host-musl armhf armel arm64 i386 riscv64 mips" ;;
    esac
    case ${MACHINE:-} in
        '') ;;
        system) [ "$ARCH" = armhf ] || die "MACHINE=system goes with ARCH=armhf" ;;
        *) die "MACHINE=$MACHINE is not known; it is system or left out" ;;
    esac
    case $PROFILE in
        full | small) ;;
        *) die "PROFILE=$PROFILE is not known; it is full or small" ;;
    esac
    case $ARCH/$(libc) in
        host-musl/glibc) die "ARCH=host-musl does not go with LIBC=glibc" ;;
        mips/musl | riscv64/musl) die "LIBC=musl does not go with ARCH=$ARCH: Debian 12 lacks it" ;;
        */glibc | */musl) ;;
        *) die "LIBC=$LIBC is not known; it is glibc or musl" ;;
    esac
    case ${PIE:-}/$(libc) in
        /* | 1/glibc) ;;
        *) die "PIE=$PIE is not supported with LIBC=$(libc); it is 1, with glibc, or left out" ;;
    esac
    case $TLS in
        0 | 12 | 13) ;;
        *) die "TLS=$TLS is not known; it is 0, 12 or 13" ;;
    esac
    case ${TLS_RECORD:-16} in
        4 | 16) ;;
        *) die "TLS_RECORD=$TLS_RECORD is not known; it is 4 or 16" ;;
    esac
    case ${AGENT:-} in
        '' | 1) ;;
        *) die "AGENT=$AGENT is not known; it is 1 or left out" ;;
    esac
    case ${DEBUG:-} in
        '' | 1) ;;
        *) die "DEBUG=$DEBUG is not known; it is 1 or left out" ;;
    esac
    case $ROOT${MPY_DIR:-} in
        *[[:space:]]*) die "make cannot work with blanks in folder names: $ROOT ${MPY_DIR:-}" ;;
    esac
}

# The prefix of the cross compiler's programs, empty for the machine's own.
cross_prefix() {
    case $ARCH in
        armhf) printf 'arm-linux-gnueabihf-' ;;
        armel) printf 'arm-linux-gnueabi-' ;;
        arm64) printf 'aarch64-linux-gnu-' ;;
        i386) printf 'i686-linux-gnu-' ;;
        riscv64 | mips) printf '%s-linux-gnu-' "$ARCH" ;;
    esac
}

# The C library. The small profile brings its own along where Debian 12 has it for the machine: a
# board may have none, or an older one.
libc() {
    case ${LIBC:-}/$ARCH/$PROFILE in
        /mips/* | /riscv64/*) printf glibc ;;
        /host-musl/* | /*/small) printf musl ;;
        /*) printf glibc ;;
        *) printf '%s' "$LIBC" ;;
    esac
}

# The command that runs a program built for ARCH here, empty for the machine's own. QEMU's -L
# names the folder where the program's dynamic linker and libraries are.
emulator() {
    case $ARCH in
        armhf) emulator_of arm /usr/arm-linux-gnueabihf ;;
        armel) emulator_of arm /usr/arm-linux-gnueabi ;;
        arm64) emulator_of aarch64 /usr/aarch64-linux-gnu ;;
        # The processor runs it itself. (In QEMU 7.2's user mode for i386 threads hang.)
        i386) printf '%s/ld-linux.so.2 --library-path %s' /usr/i686-linux-gnu/lib /usr/i686-linux-gnu/lib ;;
        riscv64 | mips) emulator_of "$ARCH" "/usr/$ARCH-linux-gnu" ;;
    esac
}
emulator_of() {
    local program
    program=$(command -v "qemu-$1-static" || command -v "qemu-$1") || die "qemu-$1 is not there"
    printf '%s -L %s' "$program" "$2"
}

# The whole command that runs the interpreter of ARCH.
micropython_command() {
    local run
    run=$(emulator)
    printf '%s' "${run:+$run }$OUT/$ARCH/micropython"
}

# Runs a command with its output in a log. When the command fails, the compiler's errors are
# shown and the log's end; upstream's makefiles print lines of many thousand characters.
phase() {
    local title=$1 log=$2
    shift 2
    say "$title ..."
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 || {
        {
            grep -m 5 -E '(error|Error):' "$log" || true
            echo ...
            tail -n 15 "$log"
        } | cut -c 1-200 >&2
        die "$title failed; the whole log is $(short "$log")"
    }
}

# Holds a lock until the calling script ends, so that two runs at once do not mix their files.
lock() {
    mkdir -p "$(dirname "$1")"
    exec 9>"$1"
    if command -v flock >/dev/null; then
        flock 9
    fi
}

# Makes MPY_DIR the absolute name of MicroPython's tree, fetched first when none was given.
find_micropython() {
    if [ -z "${MPY_DIR:-}" ]; then
        MPY_DIR=$OUT/micropython-$MPY_VERSION
        "$ROOT/tools/fetch-micropython.sh" "$MPY_DIR"
    fi
    [ -e "$MPY_DIR/ports/unix/Makefile" ] || die "MPY_DIR=$MPY_DIR is not MicroPython's tree"
    MPY_DIR=$(cd "$MPY_DIR" && pwd)
}
