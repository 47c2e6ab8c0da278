#!/usr/bin/env bash
# Runs tests/both on upstream's own builds: our C modules in its standard variant, and the edition
# in Python on its standard variant without and with its GIL, with it and without floats and long
# integers, and on the least one that will do. At the end its heap is measured.
#
# No part of `make test`: where there is no GIL, two threads that append to a list at once may lose
# an item or crash, and upstream's collector frees what is in use (docs/pure.md). So on the builds
# without one a script that fails runs again, up to twice: what is our fault fails each time.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# What the scripts themselves use of MicroPython is not all in the least one.
LEAST="
    barrier condition event_basic event_pulse event_subclass event_timeout excepthook_args
    excepthook_replace exit_daemon exit_exception exit_join exit_many exit_nested exit_register
    exit_sysexit exit_timer exit_waits lock_aliases lock_basic lock_class lock_errors lock_mutex
    lock_negative lock_other lock_timeout lock_waiters module_a module_c module_enumerate
    module_hooks module_ident module_stack queue_all queue_attr queue_block queue_e queue_f queue_g
    queue_h queue_j queue_l queue_m queue_o queue_p queue_r queue_s queue_t rlock_basic
    rlock_errors rlock_locked rlock_private rlock_recursion rlock_subclass rlock_timeout
    semaphore_basic semaphore_release semaphore_subclass semaphore_timeout thread_a thread_bad
    thread_context thread_daemon thread_falsy thread_ident thread_join thread_no_init thread_repr
    thread_run thread_start_in thread_start_twice thread_systemexit timeout timer"

status=0
both() {
    local name=$1 program=$2
    shift 2
    "$PYTHON" -B "$ROOT/tests/run_both.py" --name "$name" --cpython "$PYTHON" \
        --micropython "$(micropython_command)$program" "$@" || status=1
}

for kind in standard stock stock-gil no-floats least; do
    "$ROOT/tools/build.sh" "$kind"
done
both "both-$ARCH-standard" -standard --again 2
"$PYTHON" -B "$ROOT/tests/run_inventory.py" --name "inventory-$ARCH-standard" --cpython "$PYTHON" \
    --micropython "$(micropython_command)-standard" || status=1
# In a heap that need not be collected.
both "both-pure-$ARCH-stock" "-stock -X heapsize=64m" --lib "$ROOT/lib" --again 2
both "both-pure-$ARCH-stock-gil" -stock-gil --lib "$ROOT/lib"
# concurrent.futures needs floats.
both "both-pure-$ARCH-no-floats" -no-floats --lib "$ROOT/lib" queue_ threading_
# shellcheck disable=SC2086 # words
both "both-pure-$ARCH-least" -least --lib "$ROOT/lib" --again 2 $LEAST

"$ROOT/tools/build.sh" mpy-cross
find_micropython
"$PYTHON" -B "$ROOT/tests/run_package.py" --mpy-dir "$MPY_DIR" \
    --mpy-cross "$OUT/host/mpy-cross" --micropython "$(micropython_command)-stock" || status=1
exit "$status"
