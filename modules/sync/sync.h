// The portable core under `threading` and `queue`: waiting lists, and what is built on them.
//
//     static sync_sem_t lock = SYNC_SEM_INIT(1);            // invariant: count <= 1
//     while (sync_sem_acquire(&lock, SYNC_FOREVER) == SYNC_INTERRUPTED) {
//         handle_signals();                                 // nothing is held here: may longjmp
//     }
//     ...
//     sync_sem_release(&lock, 1, 1);                        // false: was not held
//
// One guard protects every object (sync_port.h). To block, a thread appends a waiter, which lives
// in its own frame, to the object's list and parks. To wake it, another thread takes the waiter
// off the list: that, and nothing else, is what the sleeper looks for, so it does not matter how
// often or for what it wakes. Lists are FIFO.
//
// Nothing here allocates, raises or knows Python. Outcomes that are expected are result values.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_SYNC_H
#define INCLUDED_SYNC_H

#include <stddef.h>

#include "sync_port.h"

/******************************************************************************/
// Waiting lists. Everything under the guard, except where it is said.

typedef struct _sync_waiter_t sync_waiter_t;

typedef struct _sync_list_t {
    sync_waiter_t *head;
    sync_waiter_t *tail;
} sync_list_t;

struct _sync_waiter_t {
    sync_waiter_t *next;
    sync_waiter_t *prev;
    sync_list_t *list; // the list it is on; NULL once it is taken off
    sync_parker_t parker;
    uint8_t note; // what the waker wants the sleeper to know; the object's own meaning
    #if SYNC_DEBUG
    const struct _sync_sem_t *sem; // that it waits for, or NULL
    #endif
};

// Puts the caller's waiter at the end of the list.
void sync_list_append(sync_list_t *list, sync_waiter_t *waiter);

// Takes the waiter off its list, without waking it.
void sync_list_remove(sync_waiter_t *waiter);

// Sleeps until the waiter is taken off its list: SYNC_OK. At the deadline it takes itself off:
// SYNC_TIMEOUT. SYNC_INTERRUPTED leaves it where it is, so that it keeps its place and misses
// nothing while the caller does what is pending: then it sleeps again, or removes the waiter.
// Being taken off wins over both. Leaves the guard while it sleeps.
sync_result_t sync_list_sleep(sync_waiter_t *waiter, sync_deadline_t deadline);

// Takes the first waiter off, leaves it the note and wakes it. False: the list is empty.
bool sync_list_wake(sync_list_t *list, uint8_t note);

// The same for all.
void sync_list_wake_all(sync_list_t *list, uint8_t note);

// Puts all waiters of one list at the end of another.
void sync_list_move(sync_list_t *from, sync_list_t *to);

// How many wait.
size_t sync_list_len(const sync_list_t *list);

// Appends a waiter, sleeps, and removes it whatever the result: for waits for a state, which the
// caller looks at again.
sync_result_t sync_list_wait(sync_list_t *list, sync_deadline_t deadline);

/******************************************************************************/
// Counting semaphore; with a count of 1 a lock. Enter the guard by themselves.
//
// A release makes a permit available and wakes the first waiter, which takes the permit when it
// runs, unless a running thread has been faster: threads that take and release in a loop do not
// pay a switch each time. A waiter that was overtaken so once is handed the next permit itself,
// so nobody waits for ever. (The idea of Go's sync.Mutex and CPython's PyMutex.)

typedef struct _sync_sem_t {
    uint32_t count; // permits to be had; under the guard
    sync_list_t waiters;
    #if SYNC_DEBUG
    uintptr_t holder; // native id of the thread that took the last permit
    #endif
} sync_sem_t;

#define SYNC_SEM_INIT(n) { .count = (n) }
#define SYNC_UNBOUNDED UINT32_MAX

static inline void sync_sem_init(sync_sem_t *sem, uint32_t count) {
    *sem = (sync_sem_t)SYNC_SEM_INIT(count);
}

// Takes a permit. SYNC_POLL: only if there is one now. Returns SYNC_OK with the permit; else the
// reason, without. Must not be called under the guard.
sync_result_t sync_sem_acquire(sync_sem_t *sem, sync_deadline_t deadline);

// The same, for locks whose users must have them in the order in which they ask: a waiter is handed
// the permit at once, and nobody is faster. Costs a switch each time in a loop.
sync_result_t sync_sem_acquire_in_order(sync_sem_t *sem, sync_deadline_t deadline);

// Takes a permit however long it takes, and through every interruption.
void sync_sem_acquire_always(sync_sem_t *sem);

// Gives n permits. False, and nothing changed, if there would be more than max.
bool sync_sem_release(sync_sem_t *sem, uint32_t n, uint32_t max);

static inline bool sync_sem_is_taken(const sync_sem_t *sem) {
    return sem->count == 0;
}

#endif // INCLUDED_SYNC_H
