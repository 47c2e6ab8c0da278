// A hostile stand-in for modules/sync/port/futex.h: every access is a point where the explorer may let
// another thread go on, every timed wait may time out, and waits may be interrupted.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_SYNC_PORT_FUTEX_H
#define INCLUDED_SYNC_PORT_FUTEX_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "explore.h"

#define FUTEX_FOREVER INT64_MAX

extern int64_t fake_now;

static inline int64_t futex_now(void) {
    return fake_now;
}

static inline int futex_wait(uint32_t *word, uint32_t value, int64_t deadline) {
    return explore_futex_wait(word, value, deadline != FUTEX_FOREVER);
}

static inline void futex_wake(uint32_t *word, int n) {
    explore_futex_wake(word, n);
}

// One step each: the real one's words are its own test's business.
static inline bool futex_mutex_trylock(uint32_t *word) {
    explore_point();
    if (*word != 0) {
        return false;
    }
    *word = 1;
    return true;
}

static inline void futex_mutex_lock(uint32_t *word) {
    while (!futex_mutex_trylock(word)) {
        explore_futex_wait(word, 1, false);
    }
}

static inline void futex_mutex_unlock(uint32_t *word) {
    explore_point();
    *word = 0;
    explore_futex_wake(word, 1);
}

// Atomic operations are points, too.
#define __atomic_load_n(p, order) (explore_point(), *(p))
#define __atomic_store_n(p, v, order) (explore_point(), (void)(*(p) = (v)))
#define __atomic_fetch_or(p, v, order) (explore_point(), *(p) |= (v))
#define __atomic_fetch_and(p, v, order) (explore_point(), *(p) &= (v))

#endif // INCLUDED_SYNC_PORT_FUTEX_H
