#!/usr/bin/env bash
# Builds the interpreter for this machine; three agents on it, a broker and a technician.
#
# With TLS=1 (or 12, 13) they talk through TLS, with certificates made on the spot.
set -euo pipefail
. "$(dirname "$0")/common.sh"

ARCH=host
options=()
if [ "$TLS" != 0 ]; then
    [ "$TLS" != 1 ] || TLS=13
    "$ROOT/tools/deps.sh" tls || die "without openssl there are no certificates"
    options+=(--tls)
fi
"$ROOT/tools/build.sh"
"$ROOT/tools/deps.sh" agent || die "without mosquitto and paho-mqtt there is nothing to talk through"
exec "$PYTHON" -B "$ROOT/tools/agent_demo.py" "${options[@]}" "$OUT/host/micropython"
