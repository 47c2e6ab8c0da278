// Every interleaving of a few threads on the core (modules/sync), on port/linux.c with hostile futexes.
// Prints a line a program. With a fault built in (-DBUG_SYNC_...=1) and its name in EXPECT_FAILURE:
// whether the check finds it.
//
// This file is part of micropython-threading, MIT licence.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "futex.h"
#include "sync.c"
#include "port/linux.c"

#define UNUSED __attribute__((unused))

int64_t fake_now;

static sync_sem_t sem;
static sync_list_t list;
static int inside, taken, refused;
static bool pending, event, in_handler;

// What the core asks of its host.
bool sync_host_pending(void) {
    explore_point();
    return pending && explore_self() == 0;
}

void sync_host_leave(void) {
}

void sync_host_enter(void) {
}

uintptr_t sync_native_id(void) {
    return in_handler ? 0 : explore_self();
}

void sync_signal_main(int signum UNUSED) {
    EXPLORE_ASSERT(!"the handler runs on the main thread");
}

uintptr_t sync_main_native_id(void) {
    return 0;
}

static void setup(void) {
    sync_sem_init(&sem, 1);
    list = (sync_list_t) { NULL, NULL };
    inside = taken = refused = 0;
    pending = event = in_handler = false;
    guard = 0;
    main_word = NULL;
}

static void setup_empty(void) {
    setup();
    sync_sem_init(&sem, 0);
}

static void check(void) {
    // S2, S6: nobody in line, and every permit is back.
    EXPLORE_ASSERT(sem.waiters.head == NULL && sem.waiters.tail == NULL);
    EXPLORE_ASSERT(list.head == NULL && list.tail == NULL);
    EXPLORE_ASSERT(sem.count == 1);
}

static void critical(void) {
    EXPLORE_ASSERT(inside == 0);
    ++inside;
    explore_point();
    --inside;
}

static void body_lock(int who UNUSED) {
    for (int i = 0; i < 2; ++i) {
        EXPLORE_ASSERT(sync_sem_acquire(&sem, SYNC_FOREVER) == SYNC_OK);
        critical();
        EXPLORE_ASSERT(sync_sem_release(&sem, 1, 1));
    }
}

static void body_lock_timeout(int who) {
    if (sync_sem_acquire(&sem, who == 0 ? SYNC_FOREVER : 1) == SYNC_OK) {
        critical();
        EXPLORE_ASSERT(sync_sem_release(&sem, 1, 1));
    } else {
        EXPLORE_ASSERT(who != 0);
    }
}

// Thread 0 is interrupted at any moment while it waits, and tries again.
static void body_lock_interrupt(int who) {
    sync_result_t result;
    if (who == 1) {
        pending = true;
    }
    while ((result = sync_sem_acquire(&sem, SYNC_FOREVER)) == SYNC_INTERRUPTED) {
        EXPLORE_ASSERT(who == 0 && pending);
        pending = false;
    }
    EXPLORE_ASSERT(result == SYNC_OK);
    critical();
    EXPLORE_ASSERT(sync_sem_release(&sem, 1, 1));
}

// Thread 1 is a signal handler, at any moment: thread 0, for which nobody else comes, gets to know.
static void body_signal(int who) {
    if (who == 1) {
        explore_point();
        pending = true;
        in_handler = true; // on the main thread's stack, as it were
        sync_interrupt_main();
    } else {
        EXPLORE_ASSERT(sync_sem_acquire(&sem, SYNC_FOREVER) == SYNC_INTERRUPTED);
        sem.count = 1;
    }
}

// Two wait for permits, of which one may give up; the third gives two.
static void body_release_two(int who) {
    if (who == 2) {
        EXPLORE_ASSERT(sync_sem_release(&sem, 2, 2));
    } else if (sync_sem_acquire(&sem, who == 0 ? SYNC_FOREVER : 1) == SYNC_OK) {
        ++taken;
    } else {
        ++refused;
    }
}

static void check_release_two(void) {
    EXPLORE_ASSERT(taken + refused == 2 && taken >= 1);
    EXPLORE_ASSERT(sem.count == (uint32_t)(2 - taken));
    EXPLORE_ASSERT(sem.waiters.head == NULL);
}

// Thread 1 has the permit from the beginning and gives it; if thread 0 was in line it has it next.
static void body_in_order(int who) {
    if (who == 0) {
        EXPLORE_ASSERT(sync_sem_acquire_in_order(&sem, SYNC_FOREVER) == SYNC_OK);
        taken = 1;
        EXPLORE_ASSERT(sync_sem_release(&sem, 1, 1));
        return;
    }
    sync_enter();
    bool in_line = sync_list_len(&sem.waiters) == 1;
    sync_leave();
    EXPLORE_ASSERT(sync_sem_release(&sem, 1, 1));
    if (sync_sem_acquire(&sem, SYNC_POLL) == SYNC_OK) {
        EXPLORE_ASSERT(!in_line || taken);
        EXPLORE_ASSERT(sync_sem_release(&sem, 1, 1));
    }
}

// A condition's wait: in line first, asleep later; the wake may come in between. A deadline may come too.
static void body_wake(int who) {
    if (who == 0) {
        sync_waiter_t waiter;
        sync_enter();
        sync_list_append(&list, &waiter);
        sync_leave();
        explore_point();
        sync_enter();
        sync_result_t result = sync_list_sleep(&waiter, 1);
        // S4: whoever was taken off says so.
        EXPLORE_ASSERT((result == SYNC_OK) == (taken == 1));
        EXPLORE_ASSERT(result != SYNC_OK || waiter.note == 7);
        EXPLORE_ASSERT(waiter.list == NULL);
        sync_leave();
    } else {
        sync_enter();
        if (taken == 0) {
            taken = sync_list_wake(&list, 7);
        }
        sync_leave();
    }
}

// An event: set once, two wait, one of them interrupted at any moment.
static void body_event(int who) {
    sync_enter();
    if (who == 2) {
        event = true;
        pending = true;
        sync_list_wake_all(&list, 0);
    }
    while (!event) {
        sync_waiter_t waiter;
        sync_list_append(&list, &waiter);
        sync_result_t result;
        while ((result = sync_list_sleep(&waiter, SYNC_FOREVER)) == SYNC_INTERRUPTED) {
            EXPLORE_ASSERT(waiter.list == &list);
            pending = false;
        }
        EXPLORE_ASSERT(result == SYNC_OK && event);
    }
    sync_leave();
}

#define PROGRAM(name_, threads_, setup_, check_, ...) \
    { .name = #name_, .threads = threads_, .body = body_##name_, .setup = setup_, .check = check_, __VA_ARGS__ }

static const explore_t programs[] = {
    PROGRAM(lock, 2, setup, check, .preemptions = 4),
    PROGRAM(lock, 3, setup, check, .preemptions = 2),
    PROGRAM(lock_timeout, 3, setup, check, .preemptions = 3),
    PROGRAM(lock_interrupt, 3, setup, check, .preemptions = 3, .interruptions = 2),
    PROGRAM(signal, 2, setup_empty, check, .preemptions = 6),
    PROGRAM(release_two, 3, setup_empty, check_release_two, .preemptions = 3),
    PROGRAM(in_order, 2, setup_empty, check, .preemptions = 6),
    PROGRAM(wake, 3, setup, check, .preemptions = 4),
    PROGRAM(event, 3, setup, check, .preemptions = 3, .interruptions = 2),
};

#include "main.h"
