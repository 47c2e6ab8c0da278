#!/usr/bin/env bash
# Builds the agent, static with musl, and starts AGENTS of them (500) against one mosquitto; with TLS=13
# they show certificates.
# ARCH=i386 builds for 32 bits, as most boards have.
#
#   tools/fleet.sh [upgrade]      upgrade: 200 of them, each under its launcher, to a new bundle
set -euo pipefail
. "$(dirname "$0")/common.sh"

[ "$ARCH" != host ] || ARCH=host-musl
case $ARCH in
    host-musl) ;;
    i386) export PROFILE=small ;;
    *) die "ARCH=$ARCH: the agents run on this machine" ;;
esac
AGENT=1 DEBUG='' "$ROOT/tools/build.sh"
"$ROOT/tools/deps.sh" agent || true
if [ "${1:-}" = upgrade ]; then
    if ! command -v signify-openbsd >/dev/null; then
        say "fleet-upgrade: 0 passed, 0 failed, 1 skipped"
        exit
    fi
    find_micropython
    exec "$PYTHON" -B "$ROOT/tools/fleet_upgrade.py" "${AGENTS:-200}" \
        "$PYTHON" -B "$ROOT/tools/bundle.py" "$MPY_DIR" "$OUT/host/mpy-cross" -- \
        "$OUT/$ARCH/launcher" "$OUT/$ARCH/micropython"
fi
exec "$PYTHON" -B "$ROOT/tools/fleet.py" "${AGENTS:-500}" "$OUT/$ARCH/micropython"
