#!/usr/bin/env bash
# Fetches MicroPython's source as Debian's source package and unpacks it.
#
#   tools/fetch-micropython.sh FOLDER [SUITE] [VERSION]
#
# VERSION may be `newest`, of the suite. FOLDER is made whole or not at all. Apt checks the archive's signature. Nothing of the machine
# is changed, and root is not needed.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

folder=$1
suite=${2:-trixie}
version=${3:-$MPY_VERSION+ds-1}
work=$folder.apt

download() {
    local package=micropython=$version
    [ "$version" != newest ] || package=micropython
    cd "$work" && apt-get -q source --download-only "$package"
}

unpack() {
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    tar -xf "$work"/micropython_*.orig.tar.* -C "$folder.part" --strip-components=1
    [ -e "$folder.part/ports/unix/Makefile" ] || die "the package does not hold MicroPython"
    rm -rf "$folder"
    mv "$folder.part" "$folder"
}

is_there() { [ -e "$folder/ports/unix/Makefile" ]; }

! is_there || exit 0
lock "$folder.lock"
# Another run may have fetched it while this one waited for the lock.
! is_there || exit 0
APT_PRIVATE_HINT="or give MicroPython's tree with MPY_DIR=/path/to/micropython"
command -v apt-get >/dev/null || die "no apt-get here; ${APT_PRIVATE_HINT#or }"
say "Fetching MicroPython $version from Debian's suite $suite ..."
apt_private "$work" deb-src "$suite" "$(dpkg --print-architecture)" download
unpack
rm -rf "$work"
