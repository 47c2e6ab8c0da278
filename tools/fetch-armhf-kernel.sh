#!/usr/bin/env bash
# Fetches Debian's ARM kernel (package linux-image-armmp) from the suite of this machine, and
# takes the kernel out of the package; nothing is installed.
#
#   tools/fetch-armhf-kernel.sh FILE
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

kernel=$1
work=$kernel.apt

# linux-image-armmp only depends on the package that holds the current kernel.
download() {
    local package
    package=$(apt-cache depends --important linux-image-armmp |
        sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$package" ] && cd "$work" && apt-get -q download "$package"
}

[ ! -e "$kernel" ] || exit 0
lock "$kernel.lock"
[ ! -e "$kernel" ] || exit 0
say "Fetching linux-image-armmp from Debian's suite $(machine_suite) ..."
apt_private "$work" deb "$(machine_suite)" armhf download
dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb |
    tar -x -O --wildcards './boot/vmlinuz-*' >"$kernel.part"
mv "$kernel.part" "$kernel"
rm -rf "$work"
