#!/usr/bin/env bash
# Fetches OpenBSD's signify as Debian's source package and unpacks it.
#
#   tools/fetch-signify.sh FOLDER
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

folder=$1
work=$folder.apt

download() { cd "$work" && apt-get -q source --download-only signify-openbsd; }

unpack() {
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    tar -xf "$work"/signify-openbsd_*.orig.tar.* -C "$folder.part" --strip-components=1
    [ -e "$folder.part/mod_ge25519.c" ] || die "the package does not hold signify"
    rm -rf "$folder"
    mv "$folder.part" "$folder"
}

is_there() { [ -e "$folder/mod_ge25519.c" ]; }

! is_there || exit 0
lock "$folder.lock"
! is_there || exit 0
export APT_PRIVATE_HINT="or give signify's tree with SIGNIFY_TREE=/path/to/signify"
say "Fetching signify from Debian's suite bookworm ..."
apt_private "$work" deb-src bookworm "$(dpkg --print-architecture)" download
unpack
rm -rf "$work"
