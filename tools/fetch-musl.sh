#!/usr/bin/env bash
# Fetches the C library musl for another machine, Debian's package musl-dev, and unpacks it;
# nothing is installed. FOLDER/musl-gcc.specs makes a compiler for that machine use it.
#
#   tools/fetch-musl.sh FOLDER ARCHITECTURE        (ARCHITECTURE is Debian's name)
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

folder=$1
architecture=$2
work=$folder.apt

download() { cd "$work" && apt-get -q download musl-dev; }

# The package's own specs name the folders of an installed package.
unpack() {
    local specs
    rm -rf "$folder.part"
    dpkg-deb -x "$work"/musl-dev_*.deb "$folder.part"
    specs=$(find "$folder.part" -name musl-gcc.specs)
    [ -n "$specs" ] || die "the package does not hold musl-gcc.specs"
    sed "s|/usr/|$folder/usr/|g" "$specs" >"$folder.part/musl-gcc.specs"
    rm -rf "$folder"
    mv "$folder.part" "$folder"
}

# A folder that was moved has specs that name another one.
is_there() { grep -q -s -F "$folder/usr/" "$folder/musl-gcc.specs"; }

! is_there || exit 0
lock "$folder.lock"
! is_there || exit 0
suite=$(machine_suite)
say "Fetching musl-dev for $architecture from Debian's suite $suite ..."
apt_private "$work" deb "$suite" "$architecture" download
unpack
rm -rf "$work"
