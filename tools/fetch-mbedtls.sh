#!/usr/bin/env bash
# Fetches mbedTLS's source as Debian's source package and unpacks it. It is the one that the suite
# has at the time: 3.6 is maintained for years, and its repairs are wanted.
#
#   tools/fetch-mbedtls.sh FOLDER
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

folder=$1
work=$folder.apt

download() { cd "$work" && apt-get -q source --download-only mbedtls; }

unpack() {
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    tar -xf "$work"/mbedtls_3.6.*.orig.tar.* -C "$folder.part" --strip-components=1
    [ -e "$folder.part/library/ssl_tls.c" ] || die "the package does not hold mbedTLS"
    rm -rf "$folder"
    mv "$folder.part" "$folder"
}

is_there() { [ -e "$folder/library/ssl_tls.c" ]; }

! is_there || exit 0
lock "$folder.lock"
! is_there || exit 0
export APT_PRIVATE_HINT="or give mbedTLS's tree with MBEDTLS_TREE=/path/to/mbedtls"
say "Fetching mbedTLS 3.6 from Debian's suite trixie ..."
apt_private "$work" deb-src trixie "$(dpkg --print-architecture)" download
unpack
rm -rf "$work"
