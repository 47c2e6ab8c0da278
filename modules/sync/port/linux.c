// The seam on Linux for a host without a GIL of ours: the guard is one futex mutex, a parker is a
// futex in the sleeper's frame.
//
// This file is part of micropython-threading, MIT licence.

#include "sync_port.h"
#include "futex.h"

static uint32_t guard;

void sync_enter(void) {
    futex_mutex_lock(&guard);
}

void sync_leave(void) {
    futex_mutex_unlock(&guard);
}

void sync_parker_init(sync_parker_t *parker) {
    parker->word = 0;
}

sync_result_t sync_park(sync_parker_t *parker, sync_deadline_t deadline) {
    sync_leave();
    sync_host_leave();
    sync_result_t result = SYNC_OK;
    while (__atomic_load_n(&parker->word, __ATOMIC_ACQUIRE) == 0) {
        if (!parker->uninterruptible && sync_host_pending()) {
            result = SYNC_INTERRUPTED;
            break;
        }
        if (futex_wait(&parker->word, 0, deadline) == ETIMEDOUT) {
            result = SYNC_TIMEOUT;
            break;
        }
    }
    sync_host_enter();
    sync_enter();
    return result;
}

void sync_unpark(sync_parker_t *parker) {
    // Pairs with the acquire load of sync_park(). The sleeper cannot leave its frame before the
    // guard is free, so the word is still there to be woken.
    __atomic_store_n(&parker->word, 1, __ATOMIC_RELEASE);
    futex_wake(&parker->word, 1);
}
