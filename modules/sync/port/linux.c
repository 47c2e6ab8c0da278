// The seam on Linux for a host without a GIL of ours: the guard is one futex mutex, a parker is a
// futex in the sleeper's frame.
//
// This file is part of micropython-threading, MIT licence.

#include "sync_port.h"
#include "futex.h"

#include <signal.h>

static uint32_t guard;

void sync_enter(void) {
    futex_mutex_lock(&guard);
}

void sync_leave(void) {
    futex_mutex_unlock(&guard);
}

// Bits of a parker's word.
#define UNPARKED (1u)
#define INTERRUPTED (2u) // only the main thread's

static uint32_t *main_word; // of the parker on which the main thread sleeps, or NULL

void sync_parker_init(sync_parker_t *parker) {
    parker->word = 0;
}

static bool is_main_thread(void) {
    return sync_native_id() == sync_main_native_id();
}

static sync_result_t sleep_parked(sync_parker_t *parker, sync_deadline_t deadline) {
    uint32_t word;
    while (!((word = __atomic_load_n(&parker->word, __ATOMIC_ACQUIRE)) & UNPARKED)) {
        // The bit goes before the host is asked: an interruption after that ends the sleep.
        if (word & INTERRUPTED) {
            __atomic_fetch_and(&parker->word, ~INTERRUPTED, __ATOMIC_SEQ_CST);
        }
        if (!parker->uninterruptible && sync_host_pending()) {
            return SYNC_INTERRUPTED;
        }
        if (futex_wait(&parker->word, word & ~INTERRUPTED, deadline) == ETIMEDOUT) {
            return SYNC_TIMEOUT;
        }
    }
    return SYNC_OK;
}

sync_result_t sync_park(sync_parker_t *parker, sync_deadline_t deadline) {
    bool is_main = is_main_thread();
    sync_leave();
    sync_host_leave();
    if (is_main) {
        __atomic_store_n(&main_word, &parker->word, __ATOMIC_SEQ_CST);
    }
    sync_result_t result = sleep_parked(parker, deadline);
    if (is_main) {
        __atomic_store_n(&main_word, NULL, __ATOMIC_SEQ_CST);
    }
    sync_host_enter();
    sync_enter();
    return result;
}

void sync_unpark(sync_parker_t *parker) {
    // Pairs with the acquire load of sleep_parked(). The sleeper cannot leave its frame before the
    // guard is free, so the word is still there to be woken.
    __atomic_fetch_or(&parker->word, UNPARKED, __ATOMIC_RELEASE);
    futex_wake(&parker->word, 1);
}

// The handler may run in any thread; only the main thread knows whether the word is still there.
void sync_interrupt_main(void) {
    if (!is_main_thread()) {
        sync_signal_main(SIGINT);
        return;
    }
    uint32_t *word = __atomic_load_n(&main_word, __ATOMIC_SEQ_CST);
    if (word != NULL) {
        __atomic_fetch_or(word, INTERRUPTED, __ATOMIC_SEQ_CST);
        futex_wake(word, 1);
    }
}

void sync_on_sigint(void (*handler)(int)) {
    struct sigaction action;
    if (sigaction(SIGINT, NULL, &action) == 0
        && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && action.sa_handler != handler) {
        action.sa_handler = handler;
        action.sa_flags = 0;
        sigaction(SIGINT, &action, NULL);
    }
}
