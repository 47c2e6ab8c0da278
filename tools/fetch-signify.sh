#!/usr/bin/env bash
# Fetches OpenBSD's signify as Debian's source package and unpacks it.
#
#   tools/fetch-signify.sh FOLDER
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

export APT_PRIVATE_HINT="or give signify's tree with SIGNIFY_TREE=/path/to/signify"
fetch_source "$1" bookworm signify-openbsd 'signify-openbsd_*' mod_ge25519.c signify
