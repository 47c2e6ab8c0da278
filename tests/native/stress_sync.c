// Real threads on the core (modules/sync) with port/linux.c, for a sanitizer to watch, or with
// pthread_port.c, for helgrind:
//
//     stress_sync SECONDS SEED
//
// What is guarded is plain memory, so that a lock that does not lock is a data race.
//
// This file is part of micropython-threading, MIT licence.

#include "stress.h"

#include "sync.c"
#ifdef STRESS_PTHREAD
#include "pthread_port.c"
#else
#include "port/linux.c"
#include "port/linux_thread.c"
#endif

#define THREADS (6)
#define SLOTS (4)

// What the core asks of its host: a thread finds something pending now and then.
static __thread unsigned asked;

bool sync_host_pending(void) {
    return ++asked % 7 == 0;
}

void sync_host_leave(void) {
}

void sync_host_enter(void) {
}

static sync_sem_t lock = SYNC_SEM_INIT(1);
static sync_sem_t in_order = SYNC_SEM_INIT(1);
static sync_sem_t permits = SYNC_SEM_INIT(3);
static long locked, ordered; // with the locks
static int inside; // atomic

// A bounded buffer: two lists of waiters, its items under the guard.
static sync_list_t not_empty, not_full;
static long items[SLOTS], head, len;
static long put_sum, got_sum; // atomic

static void with_lock(unsigned *seed) {
    sync_result_t result = sync_sem_acquire(&lock, rand_r(seed) % 4 ? some_deadline(seed) : SYNC_POLL);
    if (result == SYNC_OK) {
        ++locked;
        CHECK(sync_sem_release(&lock, 1, 1));
    }
}

static void with_permit(unsigned *seed) {
    if (sync_sem_acquire(&permits, some_deadline(seed)) == SYNC_OK) {
        CHECK(__atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED) <= 3);
        __atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
        CHECK(sync_sem_release(&permits, 1, 3));
    }
}

static void with_order(unsigned *seed) {
    if (rand_r(seed) % 2) {
        sync_sem_acquire_always(&in_order);
    } else if (sync_sem_acquire_in_order(&in_order, some_deadline(seed)) != SYNC_OK) {
        return;
    }
    ++ordered;
    CHECK(sync_sem_release(&in_order, 1, 1));
}

// Sleeps once in the list if `*blocked`; whoever was woken looks again. Under the guard.
static bool wait_while(sync_list_t *list, const long *value, long blocked, sync_deadline_t deadline) {
    while (*value == blocked) {
        sync_result_t result = sync_list_wait(list, deadline);
        if (result == SYNC_TIMEOUT) {
            return *value != blocked;
        }
    }
    return true;
}

static void put(unsigned *seed) {
    long item = rand_r(seed) % 1000;
    sync_enter();
    bool ok = wait_while(&not_full, &len, SLOTS, some_deadline(seed));
    if (ok) {
        items[(head + len++) % SLOTS] = item;
        sync_list_wake(&not_empty, 0);
    }
    sync_leave();
    if (ok) {
        __atomic_add_fetch(&put_sum, item, __ATOMIC_RELAXED);
    }
}

static void get(unsigned *seed) {
    long item = 0;
    sync_enter();
    if (wait_while(&not_empty, &len, 0, some_deadline(seed))) {
        item = items[head];
        head = (head + 1) % SLOTS;
        --len;
        sync_list_wake(&not_full, 0);
    }
    sync_leave();
    __atomic_add_fetch(&got_sum, item, __ATOMIC_RELAXED);
}

static void (*const operations[])(unsigned *) = { with_lock, with_permit, with_order, put, get };

static void *body(void *seed_in) {
    unsigned seed = (unsigned)(uintptr_t)seed_in;
    while (!stress_is_over()) {
        operations[(unsigned)rand_r(&seed) % (sizeof(operations) / sizeof(operations[0]))](&seed);
        count_operation();
    }
    return NULL;
}

int main(int argc, char **argv) {
    stress_run(argc, argv, THREADS, body);
    sync_enter();
    for (; len > 0; --len) {
        got_sum += items[head];
        head = (head + 1) % SLOTS;
    }
    sync_leave();
    CHECK(put_sum == got_sum);
    CHECK(lock.count == 1 && in_order.count == 1 && permits.count == 3 && inside == 0);
    CHECK(lock.waiters.head == NULL && not_empty.head == NULL && not_full.head == NULL);
    CHECK(locked > 0 && ordered > 0);
    return 0;
}
