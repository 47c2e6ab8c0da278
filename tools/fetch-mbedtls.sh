#!/usr/bin/env bash
# Fetches mbedTLS's source as Debian's source package and unpacks it. It is the one that the suite
# has at the time: 3.6 is maintained for years, and its repairs are wanted.
#
#   tools/fetch-mbedtls.sh FOLDER
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ROOT/tools/apt-private.sh"

export APT_PRIVATE_HINT="or give mbedTLS's tree with MBEDTLS_TREE=/path/to/mbedtls"
fetch_source "$1" trixie mbedtls 'mbedtls_3.6.*' library/ssl_tls.c "mbedTLS 3.6"
