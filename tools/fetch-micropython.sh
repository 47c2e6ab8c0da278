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

package=micropython
version=${3:-$MPY_VERSION+ds-1}
[ "$version" = newest ] || package+==$version
export APT_PRIVATE_HINT="or give MicroPython's tree with MPY_DIR=/path/to/micropython"
fetch_source "$1" "${2:-trixie}" "$package" 'micropython_*' ports/unix/Makefile "MicroPython $version"
