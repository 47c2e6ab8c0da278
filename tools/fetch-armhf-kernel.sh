#!/usr/bin/env bash
# Fetches Debian's ARM kernel (package linux-image-armmp) from the suite of this machine; nothing is
# installed.
#
#   tools/fetch-armhf-kernel.sh FILE
#
# FILE is the kernel, the folder FILE.modules what QEMU's disk and network need of its modules.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

kernel=$1
modules=$kernel.modules
work=$kernel.apt

# Also what these need; ext4 asks for crc32c without naming the module.
names=(virtio_mmio virtio_blk virtio_net net_failover failover ext4 jbd2 mbcache crc16 crc32c_generic)

# linux-image-armmp only depends on the package that holds the current kernel.
download() {
    local package
    package=$(apt-cache depends --important linux-image-armmp |
        sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$package" ] && cd "$work" && apt-get -q download "$package"
}

take() { dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb | tar -x --wildcards "$@"; }

[ ! -e "$modules" ] || exit 0
lock "$kernel.lock"
[ ! -e "$modules" ] || exit 0
say "Fetching linux-image-armmp from Debian's suite $(machine_suite) ..."
apt_private "$work" deb "$(machine_suite)" armhf download
rm -rf "$modules.part"
mkdir "$modules.part"
patterns=("${names[@]/#/*/}")
take -C "$modules.part" --transform 's,.*/,,' "${patterns[@]/%/.ko*}"
find "$modules.part" -name '*.xz' -exec xz -d {} +
take -O './boot/vmlinuz-*' >"$kernel.part"
mv "$kernel.part" "$kernel"
mv "$modules.part" "$modules"
rm -rf "$work"
