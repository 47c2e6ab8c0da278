#!/usr/bin/env bash
# Builds the agent, static with musl, and starts AGENTS of them (500) against one mosquitto; with TLS=13
# they show certificates.
# ARCH=i386 builds for 32 bits, as most boards have.
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
exec "$PYTHON" -B "$ROOT/tools/fleet.py" "${AGENTS:-500}" "$OUT/$ARCH/micropython"
