#!/usr/bin/env bash
# Builds and runs every test on this machine, the interpreter's also with the C library musl, and,
# where its toolchain can be had, on ARM under QEMU, in user mode and as a whole system. Every
# runner closes with `NAME: N passed, N failed, N skipped`; the last line here is their sum.
set -euo pipefail
. "$(dirname "$0")/common.sh"

passed=0
failed=0
skipped=0
logs=$OUT/test
failures=$logs/failures

# Runs one runner. What has no closing line of its own is one test, passed or failed by its exit
# status; a runner that fails without naming a failure has failed all the same.
step() {
    local name=$1 status=0 sums began=$SECONDS
    shift
    say "== $name"
    "$@" 2>&1 | tee "$logs/$name.log" || status=$?
    say "-- $name: $((SECONDS - began)) s"
    sums=$(sed -n 's/^[^ ]*: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
        "$logs/$name.log" | tail -n 1)
    if [ -n "$sums" ]; then
        read -ra sums <<<"$sums"
        [ "$status" = 0 ] || [ "${sums[1]}" != 0 ] || sums[1]=1
        add "${sums[@]}"
    elif [ "$status" = 0 ]; then
        add 1 0 0
    else
        say "FAIL $name (exit status $status)" | tee -a "$logs/$name.log"
        add 0 1 0
    fi
    [ "$status" = 0 ] || failures_of "$name" >>"$failures"
    return "$status"
}

# What a runner named as failed, each with the first lines below it.
failures_of() {
    awk -v step="$1" '
        /^(failed:|FAIL|ERROR)/ { print step ": " $0; left = 6; next }
        left > 0 && /^ / { print; left--; next }
        { left = 0 }' "$logs/$1.log"
}

add() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

skip() {
    say "== $1"
    say "skip $1: $2"
    add 0 0 1
}

# The failures once more, where they are seen.
finish() {
    if [ -s "$failures" ]; then
        say "== what failed"
        cat "$failures"
    fi
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] || exit 1
    exit 0
}

# KIND is "" for our variant, or one of build.sh's others.
both() {
    local kind=${1:-} name=both-$ARCH${1:-}
    [ "$PROFILE" = full ] || name=$name-$PROFILE
    step "$name" "$PYTHON" -B "$ROOT/tests/run_both.py" --name "$name" \
        --micropython "$(micropython_command)$kind" --cpython "$PYTHON" || true
}

inventory() {
    step "inventory-$ARCH" "$PYTHON" -B "$ROOT/tests/run_inventory.py" --name "inventory-$ARCH" \
        --micropython "$(micropython_command)" --cpython "$PYTHON" || true
}

# The edition in Python; make test-stock runs it on upstream's own builds.
both_pure() {
    step both-pure "$PYTHON" -B "$ROOT/tests/run_both.py" --name both-pure --lib "$ROOT/lib" \
        --micropython "$(micropython_command)" --cpython "$PYTHON" || true
}

package() {
    step build-mpy-cross "$ROOT/tools/build.sh" mpy-cross || return 0
    step package "$PYTHON" -B "$ROOT/tests/run_package.py" --mpy-dir "$MPY_DIR" \
        --mpy-cross "$OUT/host/mpy-cross" --micropython "$OUT/host/micropython-stock" || true
}

# FACTOR widens the bands of time: QEMU is slow.
variant() {
    step "variant-$ARCH" "$PYTHON" -B "$ROOT/tests/run_variant.py" --name "variant-$ARCH" \
        --micropython "$(micropython_command)" --slow-factor "$1" || true
}

# Without mosquitto, what needs a real broker is skipped, and without npm what needs another one.
# FACTOR as above; then parts of names.
agent() {
    "$ROOT/tools/deps.sh" agent || true
    "$ROOT/tools/fetch-aedes.sh" "$OUT/aedes" || true
    step "agent-$ARCH" "$PYTHON" -B "$ROOT/tests/run_agent.py" --name "agent-$ARCH" \
        --micropython "$(micropython_command)" --slow-factor "$1" "${@:2}" || true
}

# With assertions. Time is measured elsewhere.
debug() {
    step variant-debug "$PYTHON" -B "$ROOT/tests/run_variant.py" --name variant-debug --debug \
        --micropython "$OUT/host/micropython-debug" debug. faults. exits. collector. interrupt_random. starts. || true
}

# Small programs in every order of their threads.
explore() {
    step build-explore "$ROOT/tools/build.sh" explore || return 0
    step explore "$PYTHON" -B "$ROOT/tests/run_explore.py" \
        --explorer "$OUT/host/micropython-explore" || true
}

# Random programs, and what the sanitizers have most to say about.
sanitized() {
    step build-sanitized "$ROOT/tools/build.sh" sanitized || return 0
    step both-sanitized "$PYTHON" -B "$ROOT/tests/run_both.py" --name both-sanitized \
        --micropython "$OUT/host/micropython-sanitized" --cpython "$PYTHON" || true
    step variant-sanitized "$PYTHON" -B "$ROOT/tests/run_variant.py" --name variant-sanitized --debug \
        --micropython "$OUT/host/micropython-sanitized" --slow-factor 3 faults. exits. || true
    step fuzz "$PYTHON" -B "$ROOT/tests/run_fuzz.py" --name fuzz --programs 2000 --cpython "$PYTHON" \
        --micropython "$OUT/host/micropython-sanitized" || true
}

upstream() {
    step upstream "$PYTHON" -B "$ROOT/tools/run_upstream.py" --mpy-dir "$MPY_DIR" \
        --work "$OUT/host/upstream" --cpython "$PYTHON" \
        --micropython "$OUT/host/micropython" --stock "$OUT/host/micropython-stock" || true
}

docs() {
    # mypy, without which one check is skipped.
    "$ROOT/tools/deps.sh" docs || true
    step docs "$PYTHON" -B "$ROOT/tests/run_docs.py" --cpython "$PYTHON" \
        --micropython "$OUT/host/micropython" || true
}

# Without the package, CPython's tests are counted as skipped and its other programs run.
cpython_programs() {
    "$ROOT/tools/deps.sh" cpython-tests || true
    step "programs-$ARCH" "$PYTHON" -B "$ROOT/tests/run_programs.py" --name "programs-$ARCH" \
        --work "$OUT/$ARCH/programs" --micropython "$(micropython_command)" --cpython "$PYTHON" || true
}

sources() {
    step includes "$PYTHON" -B "$ROOT/tools/check_includes.py" || true
    # valgrind, without which helgrind is skipped.
    "$ROOT/tools/deps.sh" bench || true
    step native "$PYTHON" -B "$ROOT/tests/run_native.py" || true
    step launcher "$PYTHON" -B "$ROOT/tests/run_launcher.py" || true
}

# A real program every time: the demo in real time, then RUNS of it on busy cores.
programs() {
    step "demo-$ARCH" "$ROOT/tools/demo.sh" || true
    RUNS=$1 step "soak-$ARCH" "$ROOT/tools/soak-demo.sh" || true
}

# Whether every figure can still be had; what it is, is not asked on a busy machine.
benchmark() {
    if ! "$ROOT/tools/deps.sh" bench; then
        skip bench-gil "strace and valgrind cannot be installed here"
        skip bench "strace cannot be installed here"
        return
    fi
    QUICK=1 step bench-gil "$ROOT/tools/bench-gil.sh" || true
    QUICK=1 step bench "$ROOT/tools/bench.sh" || true
}

on_host() {
    step build-host "$ROOT/tools/build.sh" || finish
    step build-stock "$ROOT/tools/build.sh" stock || finish
    step build-debug "$ROOT/tools/build.sh" debug || true
    step build-standard "$ROOT/tools/build.sh" standard || true
    both
    both -debug
    inventory
    cpython_programs
    both_pure
    package
    step tools "$PYTHON" -B "$ROOT/tests/run_tools.py" || true # some need mpy-cross
    # strace, without which some tests are skipped.
    "$ROOT/tools/deps.sh" bench || true
    variant 1
    agent 1
    step agent-demo "$ROOT/tools/agent-demo.sh" </dev/null || true
    debug
    explore
    sanitized
    docs
    programs 200
    upstream
    benchmark
}

tls() {
    "$ROOT/tools/deps.sh" tls || true # without mosquitto its tests are skipped
    if ! command -v openssl >/dev/null; then
        skip "tls-$ARCH" "openssl cannot be installed here"
        return
    fi
    local name=tls-$ARCH${TLS_RECORD:+-${TLS_RECORD}k}
    step "$name" "$PYTHON" -B "$ROOT/tests/run_tls.py" --name "$name" \
        --micropython "$(micropython_command)" --slow-factor "$1" --record "${TLS_RECORD:-16}" || true
}

# Records of 4 KB: of TLS 1.2, where the peer can be asked for them.
on_tls_4k() {
    TLS=12 PROFILE=small step "build-$ARCH-tls-4k" "$ROOT/tools/build.sh" || return 0
    tls 1
}

# The small profile with TLS and the agent. FACTOR as above; then parts of names of the agent's tests.
on_tls() {
    TLS=13 PROFILE=small AGENT=1 step "build-$ARCH-tls" "$ROOT/tools/build.sh" || return 0
    tls "$1"
    agent "$@"
}

on_musl() {
    if ! "$ROOT/tools/deps.sh" host-musl; then
        skip host-musl "the C library musl cannot be installed here"
        return
    fi
    step build-host-musl "$ROOT/tools/build.sh" || return 0
    both
    variant 1
    agent 1
    AGENTS=20 TLS=0 ARCH=host step fleet "$ROOT/tools/fleet.sh" || true
    AGENTS=40 TLS=0 ARCH=host step fleet-upgrade "$ROOT/tools/fleet.sh" upgrade || true
    ARCH=host on_tls 1 tls signed. provision. bundle. launched. ota.
    ARCH=host TLS_RECORD=4 on_tls_4k
}

on_arm() {
    if ! "$ROOT/tools/deps.sh" host armhf; then
        skip armhf "its toolchain cannot be installed here"
        return
    fi
    step build-armhf "$ROOT/tools/build.sh" || return 0
    both
    variant 10
    agent 10 processes. sessions.
    programs 40
    on_arm_system
    on_arm_small
}

# The build for the board: static, with the C library musl.
on_arm_small() {
    PROFILE=small step build-armhf-small "$ROOT/tools/build.sh" || return 0
    PROFILE=small both
    step launcher-armhf "$PYTHON" -B "$ROOT/tests/run_launcher.py" --name launcher-armhf \
        --cc "$(cross_prefix)gcc -static" --emulator "$(emulator)" || true
    on_tls 10 # all of the agent's tests
    step sizes "$ROOT/tools/size.sh" check || true
}

on_arm_system() {
    if ! "$ROOT/tools/deps.sh" arm-system; then
        skip arm-system "QEMU's system emulation cannot be installed here"
        return
    fi
    MACHINE=system step demo-arm-system "$ROOT/tools/demo.sh" || true
    step arm-system "$ROOT/tools/test-arm-system.sh" || true
    step arm-upgrade "$ROOT/tools/test-arm-upgrade.sh" || true
}

check_options
mkdir -p "$logs"
: >"$failures"
"$ROOT/tools/deps.sh" host
find_micropython
export MPY_DIR
sources
ARCH=host
export ARCH
on_host
ARCH=host-musl
on_musl
ARCH=armhf
on_arm
finish
