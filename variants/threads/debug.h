// The debug mode (make DEBUG=1): asserts the locking rules, and tells who waits for whom.
//
// With THREADS_DEBUG in the environment, SIGQUIT (Ctrl-\) prints to standard error every thread with
// what it does or waits for, since when, and who holds that; then the deadlocks among locks and
// joins. Without DEBUG=1 all of this is nothing.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADS_DEBUG_H
#define INCLUDED_THREADS_DEBUG_H

#include "sync.h"

#if THREADS_DEBUG

typedef enum {
    DEBUG_OUTSIDE, // in a system call, or about to start or end
    DEBUG_QUEUES, // for the GIL
    DEBUG_RUNS,
    DEBUG_PARKED, // waits for an object of modules/sync
    DEBUG_LOCKS, // waits for a lock of _thread
} debug_state_t;

// What is known of a thread. Written by the thread itself, some of it outside the GIL: the dump shows
// a moment, and of a thread that changes right then perhaps two.
typedef struct _debug_thread_t {
    struct _debug_thread_t *next; // under the GIL
    uintptr_t native_id; // 0: has not run yet
    debug_state_t state;
    int64_t since; // of the state, on the clock of futex_now()
    sync_parker_t *parker; // DEBUG_PARKED
    sync_deadline_t deadline; // likewise
    const uintptr_t *holder; // DEBUG_LOCKS: whose native_id is there
} debug_thread_t;

// Once, before there are other threads: starts the thread that waits for SIGQUIT.
void debug_init(void);

// Of a new thread, and of one that ends. Under the GIL.
void debug_add(debug_thread_t *thread);
void debug_remove(debug_thread_t *thread);

void debug_set_state(debug_thread_t *thread, debug_state_t state);

// modules/threading: the name of the Thread with this native id, or NULL; and what a waiting list
// belongs to, as words, and the native id of the thread that is waited for, or 0. Under the GIL.
const char *threading_debug_name(uintptr_t native_id);
uintptr_t threading_debug_describe(const sync_list_t *list, const char **kind, const void **object);

#define DEBUG_ONLY(...) __VA_ARGS__
#else
#define DEBUG_ONLY(...)
#endif

#endif // INCLUDED_THREADS_DEBUG_H
