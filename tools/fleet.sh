#!/usr/bin/env bash
# Builds the agent, static with musl, and starts AGENTS of them (500) against one mosquitto; with TLS=13
# they show certificates.
# ARCH=armhf and i386 build for 32 bits, as most boards have. ARM programs run in QEMU's user mode,
# where times say nothing of a board and memory is the board's; those of i386 need a kernel that
# starts them.
#
#   tools/fleet.sh [upgrade]      upgrade: 200 of them, each under its launcher, to a new bundle
set -euo pipefail
. "$(dirname "$0")/common.sh"

[ "$ARCH" != host ] || ARCH=host-musl
run=()
case $ARCH in
    host-musl) ;;
    i386) export PROFILE=small ;;
    armhf)
        export PROFILE=small
        "$ROOT/tools/deps.sh" armhf # before emulator asks where QEMU is
        read -ra run <<<"$(emulator)"
        ;;
    *) die "ARCH=$ARCH: no fleet of these; one of: host armhf i386" ;;
esac
AGENT=1 DEBUG='' "$ROOT/tools/build.sh"
"${run[@]}" "$OUT/$ARCH/micropython" -c '' || die "this machine does not start programs for $ARCH; ARCH=armhf has 32 bits, too"
"$ROOT/tools/deps.sh" agent || true
if [ "${1:-}" = upgrade ]; then
    [ ${#run[@]} = 0 ] || die "ARCH=$ARCH: the launcher does not start QEMU; one of: host i386"
    if ! command -v signify-openbsd >/dev/null; then
        say "fleet-upgrade: 0 passed, 0 failed, 1 skipped"
        exit
    fi
    find_micropython
    exec "$PYTHON" -B "$ROOT/tools/fleet_upgrade.py" "${AGENTS:-200}" \
        "$PYTHON" -B "$ROOT/tools/bundle.py" "$MPY_DIR" "$OUT/host/mpy-cross" -- \
        "$OUT/$ARCH/launcher" "$OUT/$ARCH/micropython"
fi
exec "$PYTHON" -B "$ROOT/tools/fleet.py" "${AGENTS:-500}" "${run[@]}" "$OUT/$ARCH/micropython"
