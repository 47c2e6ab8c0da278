// The core. The contract is in sync.h.
//
// This file is part of micropython-threading, MIT licence.

#include <assert.h>

#include "sync.h"

// Faults that tests/native builds in, one at a time, to see that its check finds them.
#ifndef BUG_SYNC_TIMEOUT_WINS // S4
#define BUG_SYNC_TIMEOUT_WINS (0)
#endif
#ifndef BUG_SYNC_STAYS_IN_LINE // S2: an interrupted waiter stays on its list
#define BUG_SYNC_STAYS_IN_LINE (0)
#endif
#ifndef BUG_SYNC_PERMIT_LOST // S6: a permit is neither counted nor granted
#define BUG_SYNC_PERMIT_LOST (0)
#endif

#if SYNC_DEBUG
#define ASSERT_GUARDED() assert(sync_is_guarded()) // S1
#else
#define ASSERT_GUARDED()
#endif

// Notes of a semaphore's waiters.
enum {
    NOTE_TRY, // a permit may be there: try
    NOTE_GRANTED, // the permit is yours already
};

/******************************************************************************/
// Waiting lists

// That a list points into a sleeper's frame is what the core is built on. It does not longer than the
// frame is there (S2), which the compiler cannot see: the waker takes the waiter off.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#pragma GCC diagnostic ignored "-Wdangling-pointer"
#endif

static void append(sync_list_t *list, sync_waiter_t *waiter) {
    ASSERT_GUARDED();
    waiter->list = list;
    waiter->next = NULL;
    waiter->prev = list->tail;
    if (list->tail == NULL) {
        list->head = waiter;
    } else {
        list->tail->next = waiter;
    }
    list->tail = waiter;
}

static void prepend(sync_list_t *list, sync_waiter_t *waiter) {
    ASSERT_GUARDED();
    waiter->list = list;
    waiter->prev = NULL;
    waiter->next = list->head;
    if (list->head == NULL) {
        list->tail = waiter;
    } else {
        list->head->prev = waiter;
    }
    list->head = waiter;
}

void sync_list_append(sync_list_t *list, sync_waiter_t *waiter) {
    waiter->parker.uninterruptible = waiter->parker.urgent = false;
    #if SYNC_DEBUG
    waiter->sem = NULL;
    #endif
    sync_parker_init(&waiter->parker);
    append(list, waiter);
}

void sync_list_remove(sync_waiter_t *waiter) {
    ASSERT_GUARDED();
    sync_list_t *list = waiter->list;
    assert(list != NULL);
    if (waiter->prev == NULL) {
        list->head = waiter->next;
    } else {
        waiter->prev->next = waiter->next;
    }
    if (waiter->next == NULL) {
        list->tail = waiter->prev;
    } else {
        waiter->next->prev = waiter->prev;
    }
    waiter->list = NULL;
}

sync_result_t sync_list_sleep(sync_waiter_t *waiter, sync_deadline_t deadline) {
    ASSERT_GUARDED();
    while (waiter->list != NULL) {
        sync_result_t result = sync_park(&waiter->parker, deadline);
        if (result != SYNC_OK && (waiter->list != NULL || BUG_SYNC_TIMEOUT_WINS)) {
            if (result == SYNC_TIMEOUT) {
                sync_list_remove(waiter);
            }
            return result;
        }
    }
    return SYNC_OK;
}

bool sync_list_wake(sync_list_t *list, uint8_t note) {
    sync_waiter_t *waiter = list->head;
    if (waiter == NULL) {
        return false;
    }
    sync_list_remove(waiter);
    waiter->note = note;
    sync_unpark(&waiter->parker);
    return true;
}

void sync_list_wake_all(sync_list_t *list, uint8_t note) {
    while (sync_list_wake(list, note)) {
    }
}

void sync_list_move(sync_list_t *from, sync_list_t *to) {
    sync_waiter_t *waiter;
    while ((waiter = from->head) != NULL) {
        sync_list_remove(waiter);
        append(to, waiter);
    }
}

size_t sync_list_len(const sync_list_t *list) {
    size_t n = 0;
    for (const sync_waiter_t *waiter = list->head; waiter != NULL; waiter = waiter->next) {
        ++n;
    }
    return n;
}

sync_result_t sync_list_wait(sync_list_t *list, sync_deadline_t deadline) {
    sync_waiter_t waiter;
    sync_list_append(list, &waiter);
    sync_result_t result = sync_list_sleep(&waiter, deadline);
    if (waiter.list != NULL) {
        sync_list_remove(&waiter);
    }
    return result;
}

/******************************************************************************/
// Semaphore

static void note_holder(sync_sem_t *sem) {
    #if SYNC_DEBUG
    sem->holder = sync_native_id();
    #else
    (void)sem;
    #endif
}

static bool try_acquire(sync_sem_t *sem) {
    if (sem->count == 0) {
        return false;
    }
    --sem->count;
    note_holder(sem);
    return true;
}

// `ask` is what the waiter wants of a release at first: NOTE_TRY, or the permit itself.
static sync_result_t acquire_slow(sync_sem_t *sem, sync_deadline_t deadline, bool uninterruptible, uint8_t ask) {
    sync_waiter_t waiter;
    sync_list_append(&sem->waiters, &waiter);
    waiter.parker.urgent = ask == NOTE_GRANTED;
    #if SYNC_DEBUG
    waiter.sem = sem;
    #endif
    for (;; ask = NOTE_GRANTED) {
        waiter.parker.uninterruptible = uninterruptible;
        waiter.note = ask; // read by the waker, who leaves its own note in its place
        sync_result_t result = sync_list_sleep(&waiter, deadline);
        if (result == SYNC_INTERRUPTED && !BUG_SYNC_STAYS_IN_LINE) {
            // It loses its place, not a permit: whether there is one is looked at again.
            sync_list_remove(&waiter);
        }
        if (result == SYNC_OK && waiter.note == NOTE_GRANTED) {
            note_holder(sem);
        }
        if (result != SYNC_OK || waiter.note == NOTE_GRANTED || try_acquire(sem)) {
            return result;
        }
        sync_parker_init(&waiter.parker);
        prepend(&sem->waiters, &waiter);
    }
}

// Not inlined: the two that call it differ in a constant.
__attribute__((noinline)) static sync_result_t acquire(sync_sem_t *sem, uint8_t ask, sync_deadline_t deadline) {
    sync_enter();
    sync_result_t result = SYNC_OK;
    if (!try_acquire(sem)) {
        result = deadline == SYNC_POLL ? SYNC_TIMEOUT : acquire_slow(sem, deadline, false, ask);
    }
    sync_leave();
    return result;
}

sync_result_t sync_sem_acquire(sync_sem_t *sem, sync_deadline_t deadline) {
    return acquire(sem, NOTE_TRY, deadline);
}

sync_result_t sync_sem_acquire_in_order(sync_sem_t *sem, sync_deadline_t deadline) {
    return acquire(sem, NOTE_GRANTED, deadline);
}

void sync_sem_acquire_always(sync_sem_t *sem) {
    sync_enter();
    if (!try_acquire(sem)) {
        acquire_slow(sem, SYNC_FOREVER, true, NOTE_TRY);
    }
    sync_leave();
}

bool sync_sem_release(sync_sem_t *sem, uint32_t n, uint32_t max) {
    sync_enter();
    bool ok = n <= max && sem->count <= max - n;
    for (; ok && n > 0; --n) {
        sync_waiter_t *waiter = sem->waiters.head;
        if (waiter == NULL) {
            sem->count += n;
            break;
        }
        // The note says what the waiter asks for: a try, or the permit itself.
        sem->count += waiter->note == NOTE_TRY && !BUG_SYNC_PERMIT_LOST;
        sync_list_wake(&sem->waiters, waiter->note);
    }
    sync_leave();
    return ok;
}
