// The GIL's algorithm. The contract is in gil.h, the invariants (G1 to G6) in docs/design/gil.md.
//
// This file is part of micropython-threading, MIT licence.

#include <assert.h>
#include <stddef.h>

#include "gil.h"
#include "futex.h"

// Faults that tests/native builds in, one at a time, to see that its check finds them.
#ifndef BUG_GIL_FREE_WHEN_GRANTED // G1: free for a moment although it has a new holder
#define BUG_GIL_FREE_WHEN_GRANTED (0)
#endif
#ifndef BUG_GIL_OUTSIDE_ALWAYS_FIRST // G2: no limit to overtaking
#define BUG_GIL_OUTSIDE_ALWAYS_FIRST (0)
#endif
#ifndef BUG_GIL_GRANT_LATE // G3: granted after the mutex is free
#define BUG_GIL_GRANT_LATE (0)
#endif
#ifndef BUG_GIL_REQUEST_NOT_RENEWED // G4: who comes from outside does not ask
#define BUG_GIL_REQUEST_NOT_RENEWED (0)
#endif
#ifndef BUG_GIL_PENDING_FIRST // G5: pending() is asked before the bit is cleared
#define BUG_GIL_PENDING_FIRST (0)
#endif
#ifndef BUG_GIL_UNPARK_BEFORE_PARK // G6: an unpark counts only while the thread is parked
#define BUG_GIL_UNPARK_BEFORE_PARK (0)
#endif

#define GIL_GRANTED (1u) // set by who hands the GIL over, under gil.mutex; cleared by its thread
#define GIL_INTERRUPTED (2u) // set by gil_interrupt(), cleared when a park begins

typedef struct {
    gil_node_t *head;
    gil_node_t *tail;
} gil_queue_t;

static struct {
    uint32_t mutex; // guards the rest; held for a few instructions, never across a system call
    bool held;
    uint8_t overtaken; // how many have overtaken the head of `others`
    gil_queue_t outside; // come from outside: first
    gil_queue_t others;
    // Only the holder's, from its first jump with somebody in line.
    int64_t since; // when the clock was read first, 0: not yet
    uint32_t grace_jumps; // since one from outside asks
    int64_t grace_since; // its CPU time then
} gil;

uint32_t gil_request;
uint32_t gil_jumps = GIL_CLOCK_EVERY;

static void queue_append(gil_queue_t *queue, gil_node_t *node) {
    assert(!node->in_line);
    node->in_line = true;
    node->next = NULL;
    if (queue->head == NULL) {
        queue->head = node;
    } else {
        queue->tail->next = node;
    }
    queue->tail = node;
}

static gil_node_t *queue_pop(gil_queue_t *queue) {
    gil_node_t *node = queue->head;
    queue->head = node->next;
    node->in_line = false;
    return node;
}

static void update_request(void) {
    uint32_t request = gil.outside.head != NULL ? GIL_YIELD_NOW
        : gil.others.head != NULL ? GIL_QUEUED : GIL_NOBODY;
    __atomic_store_n(&gil_request, request, __ATOMIC_RELAXED);
}

// G2: whoever waits longest in its part of the line is next, and no one is overtaken for ever.
static gil_node_t *next_in_line(void) {
    if (gil.outside.head != NULL
        && (gil.others.head == NULL || gil.overtaken < GIL_MAX_OVERTAKEN || BUG_GIL_OUTSIDE_ALWAYS_FIRST)) {
        gil.overtaken += gil.others.head != NULL;
        return queue_pop(&gil.outside);
    }
    gil.overtaken = 0;
    return gil.others.head != NULL ? queue_pop(&gil.others) : NULL;
}

static void lock(void) {
    futex_mutex_lock(&gil.mutex);
}

static void unlock(void) {
    futex_mutex_unlock(&gil.mutex);
}

// G1: called by the holder, with the mutex, which it unlocks. From the unlock on, the next in line
// holds the GIL, or nobody does. `behind` is a yielding holder, which stands in line again.
static void hand_over(gil_node_t *behind) {
    gil_node_t *next = next_in_line();
    if (behind != NULL) {
        queue_append(&gil.others, behind);
    }
    gil.held = next != NULL && !BUG_GIL_FREE_WHEN_GRANTED;
    gil.since = 0;
    gil_jumps = GIL_CLOCK_EVERY;
    gil.grace_jumps = 0;
    update_request();
    if (BUG_GIL_GRANT_LATE) {
        unlock();
    }
    if (next != NULL) {
        // Under the mutex: out of line and not granted, its thread could stand in line again.
        // Pairs with the acquire load of take_grant(): what the last holder wrote is seen.
        __atomic_fetch_or(&next->word, GIL_GRANTED, __ATOMIC_RELEASE);
    }
    if (!BUG_GIL_GRANT_LATE) {
        unlock();
    }
    if (next != NULL) {
        // Its thread may be up and gone by now: a wake of a word that is no more does no harm.
        futex_wake(&next->word, 1);
    }
}

static bool take_grant(gil_node_t *self, uint32_t *word) {
    *word = __atomic_load_n(&self->word, __ATOMIC_ACQUIRE);
    if (*word & GIL_GRANTED) {
        __atomic_fetch_and(&self->word, ~GIL_GRANTED, __ATOMIC_RELAXED);
        return true;
    }
    return false;
}

static void wait_granted(gil_node_t *self) {
    uint32_t word;
    while (!take_grant(self, &word)) {
        futex_wait(&self->word, word, FUTEX_FOREVER);
    }
}

void gil_acquire(gil_node_t *self) {
    int saved = errno;
    lock();
    self->parked = false;
    if (!gil.held) {
        gil.held = true;
        unlock();
    } else {
        // G3: a parked thread that was put in line meanwhile, or has the GIL already, only waits.
        if (!self->in_line && !(__atomic_load_n(&self->word, __ATOMIC_RELAXED) & GIL_GRANTED)) {
            queue_append(&gil.outside, self);
            if (!BUG_GIL_REQUEST_NOT_RENEWED) {
                update_request();
            }
        }
        unlock();
        wait_granted(self);
    }
    errno = saved;
}

void gil_admit(gil_node_t *node) {
    lock();
    queue_append(&gil.others, node);
    update_request();
    unlock();
}

void gil_await(gil_node_t *self) {
    wait_granted(self);
}

void gil_release(void) {
    int saved = errno;
    lock();
    hand_over(NULL);
    errno = saved;
}

static bool grace_is_over(void) {
    uint32_t jumps = gil.grace_jumps++;
    if (jumps % GIL_GRACE_CLOCK_EVERY == 0) {
        struct timespec ts;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        int64_t now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
        if (jumps == 0) {
            gil.grace_since = now;
        } else if (now - gil.grace_since >= GIL_GRACE_CPU_NS) {
            return true;
        }
    }
    return jumps >= GIL_GRACE_JUMPS;
}

bool gil_due(void) {
    if (__atomic_load_n(&gil_request, __ATOMIC_RELAXED) == GIL_YIELD_NOW) {
        return grace_is_over();
    }
    gil_jumps = GIL_CLOCK_EVERY;
    int64_t now = futex_now();
    if (gil.since == 0) {
        gil.since = now;
    }
    return now - gil.since >= GIL_INTERVAL_NS;
}

void gil_yield(gil_node_t *self) {
    int saved = errno;
    lock();
    // G4: somebody is in line while the holder is asked to yield.
    assert(gil.outside.head != NULL || gil.others.head != NULL);
    hand_over(self);
    wait_granted(self);
    errno = saved;
}

// Sleeps until the GIL is granted to the parked thread, and says GIL_UNPARKED; or until something
// else comes first, and says what. The GIL is then still to be acquired.
static gil_result_t sleep_outside(gil_node_t *self, int64_t deadline, bool (*pending)(void)) {
    for (;;) {
        uint32_t word;
        if (take_grant(self, &word)) {
            return GIL_UNPARKED;
        }
        if (word & GIL_INTERRUPTED) {
            // G5: the bit goes before pending() is asked.
            __atomic_fetch_and(&self->word, ~GIL_INTERRUPTED, __ATOMIC_SEQ_CST);
            if (pending != NULL && pending()) {
                return GIL_INTERRUPTED_WAIT;
            }
            continue;
        }
        int err = futex_wait(&self->word, word, deadline);
        if (err == ETIMEDOUT) {
            return GIL_TIMED_OUT;
        } else if (err == EINTR && pending != NULL && pending()) {
            return GIL_INTERRUPTED_WAIT;
        }
    }
}

// G5: an interruption before this is in pending(), one after it in the bit.
static bool interrupted_before(gil_node_t *self, bool (*pending)(void)) {
    bool result = BUG_GIL_PENDING_FIRST && pending != NULL && pending();
    __atomic_fetch_and(&self->word, ~GIL_INTERRUPTED, __ATOMIC_SEQ_CST);
    return result || (!BUG_GIL_PENDING_FIRST && pending != NULL && pending());
}

gil_result_t gil_sleep(gil_node_t *self, int64_t deadline, bool (*pending)(void)) {
    return interrupted_before(self, pending) ? GIL_INTERRUPTED_WAIT : sleep_outside(self, deadline, pending);
}

gil_result_t gil_park(gil_node_t *self, int64_t deadline, bool (*pending)(void)) {
    if (self->unparked && !BUG_GIL_UNPARK_BEFORE_PARK) {
        self->unparked = false;
        return GIL_UNPARKED;
    }
    if (interrupted_before(self, pending)) {
        return GIL_INTERRUPTED_WAIT;
    }
    lock();
    self->parked = true;
    hand_over(NULL);
    gil_result_t result = sleep_outside(self, deadline, pending);
    if (result != GIL_UNPARKED) {
        gil_acquire(self);
        if (self->unparked) {
            result = GIL_UNPARKED;
        }
    }
    self->unparked = false;
    return result;
}

void gil_unpark(gil_node_t *node, bool urgent) {
    node->unparked = true;
    lock();
    // G3: in line at most once. A thread that timed out and queues by itself stays where it is.
    if (node->parked) {
        node->parked = false;
        queue_append(urgent ? &gil.outside : &gil.others, node);
        update_request();
    }
    unlock();
}

void gil_interrupt(gil_node_t *node) {
    // Pairs with G5's sequence: the thread sees the bit, or pending() sees what caused it.
    __atomic_fetch_or(&node->word, GIL_INTERRUPTED, __ATOMIC_SEQ_CST);
    futex_wake(&node->word, 1);
}
