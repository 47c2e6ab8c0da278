// The debug mode's dump. The contract is in debug.h.
//
// This file is part of micropython-threading, MIT licence.

#include "debug.h"

#if THREADS_DEBUG

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "futex.h"
#include "gil.h"

static debug_thread_t *threads; // under the GIL
static uintptr_t runs; // who has the GIL, 0: nobody

void debug_add(debug_thread_t *thread) {
    thread->next = threads;
    threads = thread;
}

void debug_remove(debug_thread_t *thread) {
    debug_thread_t **link = &threads;
    while (*link != thread) {
        link = &(*link)->next;
    }
    *link = thread->next;
}

void debug_set_state(debug_thread_t *thread, debug_state_t state) {
    if (thread->native_id == 0) {
        thread->native_id = sync_native_id();
    }
    thread->state = state;
    thread->since = futex_now();
    if (state == DEBUG_RUNS) {
        __atomic_store_n(&runs, thread->native_id, __ATOMIC_RELAXED);
    } else if (state == DEBUG_OUTSIDE || state == DEBUG_PARKED) {
        __atomic_store_n(&runs, 0, __ATOMIC_RELAXED);
    }
}

/******************************************************************************/
// The dump, under the GIL

static debug_thread_t *find(uintptr_t native_id) {
    debug_thread_t *thread = threads;
    while (thread != NULL && thread->native_id != native_id) {
        thread = thread->next;
    }
    return thread;
}

static void print_thread(uintptr_t native_id) {
    const char *name = threading_debug_name(native_id);
    dprintf(2, "%s (%" PRIuPTR ")", name == NULL ? "a thread without a Thread" : name, native_id);
}

typedef struct {
    const char *kind;
    const void *object;
    uintptr_t holder; // 0: nobody in particular
    bool is_thread; // the holder itself is waited for
} wait_t;

static void print_holder(const wait_t *wait) {
    dprintf(2, wait->is_thread ? ", which is " : ", held by ");
    print_thread(wait->holder);
}

// Whether the thread waits for something, and for what.
static bool get_wait(const debug_thread_t *thread, wait_t *wait) {
    if (thread->state == DEBUG_LOCKS) {
        *wait = (wait_t) { "a lock of _thread", thread->holder, *thread->holder, false };
        return true;
    }
    if (thread->state != DEBUG_PARKED) {
        return false;
    }
    const sync_waiter_t *waiter = (const sync_waiter_t *)((const char *)thread->parker - offsetof(sync_waiter_t, parker));
    if (waiter->list == NULL) {
        return false; // woken: it only queues for the GIL
    }
    wait->holder = threading_debug_describe(waiter->list, &wait->kind, &wait->object);
    wait->is_thread = wait->holder != 0;
    if (waiter->sem != NULL) {
        wait->holder = sync_sem_is_taken(waiter->sem) ? waiter->sem->holder : 0;
    }
    return true;
}

// Who is waited for by a thread that will not give up by itself; NULL: nobody, or it does something.
static debug_thread_t *waits_for(const debug_thread_t *thread) {
    wait_t wait;
    bool for_ever = thread->state == DEBUG_LOCKS || thread->deadline == SYNC_FOREVER;
    return get_wait(thread, &wait) && for_ever && wait.holder != 0 ? find(wait.holder) : NULL;
}

// A cycle of threads is named once, from its member with the lowest id on.
static bool begins_cycle(debug_thread_t *first) {
    debug_thread_t *thread = first;
    // No more steps than threads: the way may lead into a cycle that `first` is not in.
    for (debug_thread_t *step = threads; step != NULL; step = step->next) {
        thread = waits_for(thread);
        if (thread == NULL || thread->native_id < first->native_id) {
            return false;
        }
        if (thread == first) {
            return true;
        }
    }
    return false;
}

static void print_deadlock(debug_thread_t *first) {
    if (!begins_cycle(first)) {
        return;
    }
    debug_thread_t *thread = first;
    dprintf(2, "Deadlock: ");
    do {
        wait_t wait;
        get_wait(thread, &wait);
        print_thread(thread->native_id);
        dprintf(2, " waits for %s at %p", wait.kind, wait.object);
        print_holder(&wait);
        thread = waits_for(thread);
        dprintf(2, thread == first ? ".\n" : "; ");
    } while (thread != first);
}

static double seconds(int64_t ns) {
    return ns / 1e9;
}

static void print_state(const debug_thread_t *thread) {
    static const char *const states[] = {
        [DEBUG_OUTSIDE] = "is outside the GIL", [DEBUG_QUEUES] = "is ready to run", [DEBUG_RUNS] = "runs",
        [DEBUG_PARKED] = "is ready to run", [DEBUG_LOCKS] = "",
    };
    print_thread(thread->native_id);
    wait_t wait;
    if (!get_wait(thread, &wait)) {
        dprintf(2, " %s for %.3f s\n", states[thread->state], seconds(futex_now() - thread->since));
        return;
    }
    dprintf(2, " waits for %.3f s for %s at %p", seconds(futex_now() - thread->since), wait.kind, wait.object);
    if (thread->state == DEBUG_PARKED && thread->deadline != SYNC_FOREVER) {
        dprintf(2, ", %.3f s more at most", seconds(thread->deadline - futex_now()));
    }
    if (wait.holder != 0) {
        print_holder(&wait);
    }
    dprintf(2, "\n");
}

static void dump(void) {
    static gil_node_t node;
    // First, for one that never gives the GIL up.
    uintptr_t holder = __atomic_load_n(&runs, __ATOMIC_RELAXED);
    dprintf(2, holder == 0 ? "\nSIGQUIT: the GIL is free.\n" : "\nSIGQUIT: thread %" PRIuPTR " has the GIL.\n", holder);
    gil_acquire(&node);
    for (debug_thread_t *thread = threads; thread != NULL; thread = thread->next) {
        print_state(thread);
    }
    for (debug_thread_t *thread = threads; thread != NULL; thread = thread->next) {
        print_deadlock(thread);
    }
    dprintf(2, "End of SIGQUIT.\n");
    gil_release();
}

static void *watch(void *set) {
    for (;;) {
        int signum;
        sigwait(set, &signum);
        dump();
    }
    return NULL;
}

void debug_init(void) {
    if (getenv("THREADS_DEBUG") == NULL) {
        return;
    }
    static sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGQUIT);
    // In all threads but the one that waits for it: they inherit the mask.
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t id;
    pthread_create(&id, NULL, watch, &set);
}

#endif
