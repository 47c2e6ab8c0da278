// The seam of modules/sync with pthreads alone: for helgrind, which knows no futexes and sees in what
// they order nothing but races.
//
// This file is part of micropython-threading, MIT licence.

#include <errno.h>

#include "sync_port.h"

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

// What a parker points to; a thread has one sleep at a time.
typedef struct {
    pthread_cond_t cond;
    bool initialized; // only the thread's own
    bool unparked; // under the guard
} sleeper_t;

static __thread sleeper_t sleeper;

void sync_enter(void) {
    pthread_mutex_lock(&guard);
}

void sync_leave(void) {
    pthread_mutex_unlock(&guard);
}

void sync_parker_init(sync_parker_t *parker) {
    if (!sleeper.initialized) {
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&sleeper.cond, &attr);
        sleeper.initialized = true;
    }
    sleeper.unparked = false;
    parker->thread = &sleeper;
}

sync_result_t sync_park(sync_parker_t *parker, sync_deadline_t deadline) {
    const struct timespec ts = { deadline / 1000000000, deadline % 1000000000 };
    while (!sleeper.unparked) {
        if (!parker->uninterruptible && sync_host_pending()) {
            return SYNC_INTERRUPTED;
        }
        if (deadline == SYNC_FOREVER) {
            pthread_cond_wait(&sleeper.cond, &guard);
        } else if (pthread_cond_timedwait(&sleeper.cond, &guard, &ts) == ETIMEDOUT) {
            return SYNC_TIMEOUT;
        }
    }
    return SYNC_OK;
}

void sync_unpark(sync_parker_t *parker) {
    sleeper_t *other = parker->thread;
    other->unparked = true;
    pthread_cond_signal(&other->cond);
}

int64_t sync_now(void) {
    return now_ns();
}
