// The GIL: one lock, held by the thread that runs Python, handed from thread to thread.
//
//     gil_node_t node;                    // one a thread; never two waits of a node at once
//     gil_acquire(&node);                 // from outside: first in line, the holder is asked to yield
//     ... run Python; at every jump:  if (gil_ask() && gil_due()) { gil_yield(&node); }
//     gil_release();
//
// Invariant: when the GIL is free nobody queues for it. A release therefore hands it over to the
// next in line, which wakes up holding it: one futex wake, no contest, no overtaking.
//
// The line has two parts. In front stand those that come from outside (a system call, a timeout, the
// end of another's print()): they ask the holder to yield within a few jumps. Behind stand those
// that another thread has woken or that yielded: they ask for nothing and wait until the holder
// blocks or its interval is over, so that waking a thread never preempts the waker. To wake a thread is to put it in line: its
// futex is woken once, when the GIL is its own.
//
// Knows futexes and nothing of MicroPython. docs/design/gil.md has the invariants by number.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADS_GIL_H
#define INCLUDED_THREADS_GIL_H

#include <stdbool.h>
#include <stdint.h>

// How long a thread keeps the GIL while others merely queue: CPython's switch interval. Shorter
// costs throughput (a switch is about 10 us), longer makes threads wait for each other.
#define GIL_INTERVAL_NS (5 * 1000 * 1000)

// The clock is read at one in so many jumps while somebody queues: a jump is some 30 ns and so is
// the clock, which may be a system call on a board.
#define GIL_CLOCK_EVERY (128)

// What a holder may still do when one from outside asks it to yield: so many jumps, within so much
// of its own CPU time. A thread that puts an item and then logs it does both before the thread that
// takes the item out: in most programs that is what one expects to read, and CPython's interval makes
// it so. The jumps take a few microseconds of the sleeper's; the CPU time, which does not run while
// the kernel has the holder wait, bounds a holder that spends its time in C.
#define GIL_GRACE_JUMPS (64)
#define GIL_GRACE_CPU_NS (2 * 1000 * 1000)
#define GIL_GRACE_CLOCK_EVERY (16) // that clock is a system call

// So many from outside may overtake the head of the others before it gets its turn: without a
// limit, threads that do little but system calls starve one that computes.
#define GIL_MAX_OVERTAKEN (8)

typedef struct _gil_node_t {
    struct _gil_node_t *next; // behind this one in line; under gil.mutex
    uint32_t word; // futex: GIL_GRANTED, GIL_INTERRUPTED
    bool parked; // waits for gil_unpark() rather than for the GIL; under gil.mutex
    bool in_line; // under gil.mutex
    bool unparked; // gil_unpark() came since the last gil_park(); under the GIL
} gil_node_t;

typedef enum {
    GIL_UNPARKED,
    GIL_TIMED_OUT,
    GIL_INTERRUPTED_WAIT,
} gil_result_t;

// What the holder reads at every jump: GIL_NOBODY, or what those in line ask for.
enum { GIL_NOBODY, GIL_QUEUED, GIL_YIELD_NOW };
extern uint32_t gil_request;

static inline bool gil_requested(void) {
    return __atomic_load_n(&gil_request, __ATOMIC_RELAXED) != GIL_NOBODY;
}

// The holder asks at every jump: one load while nobody is in line. While somebody merely queues, true
// at one in GIL_CLOCK_EVERY: the counting is here, for a call at every jump would cost a tenth of the
// throughput of threads that compute.
extern uint32_t gil_jumps; // until the clock is read again; only the holder's
static inline bool gil_ask(void) {
    uint32_t request = __atomic_load_n(&gil_request, __ATOMIC_RELAXED);
    return request != GIL_NOBODY && (request == GIL_YIELD_NOW || --gil_jumps == 0);
}

// Takes the GIL; may block. Keeps errno.
void gil_acquire(gil_node_t *self);

// Called with the GIL held: puts a new thread in line. It has its turn in the order of the calls,
// however long the system takes to get it going; and it waits for its turn with gil_await().
void gil_admit(gil_node_t *node);
void gil_await(gil_node_t *self);

// Gives the GIL up. Keeps errno.
void gil_release(void);

// Asked by the holder when gil_ask() is true: whether it is time to yield.
bool gil_due(void);

// Called by the holder when gil_due() is true: hands the GIL over and takes it again. Keeps errno.
void gil_yield(gil_node_t *self);

// Called with the GIL held; gives it up and sleeps until gil_unpark(self), the deadline
// (CLOCK_MONOTONIC, ns; INT64_MAX for none), or an interruption for which pending() says that
// there is something to do. Returns with the GIL held. An unpark that came before is not lost:
// the call then returns at once and does not give the GIL up. When an unpark and something else
// come together, it is GIL_UNPARKED. With pending == NULL nothing interrupts the sleep.
gil_result_t gil_park(gil_node_t *self, int64_t deadline, bool (*pending)(void));

// Called without the GIL: sleeps until the deadline or an interruption, as gil_park() does.
gil_result_t gil_sleep(gil_node_t *self, int64_t deadline, bool (*pending)(void));

// Called with the GIL held: ends a thread's gil_park(), the present or else the next one. With
// `urgent` it then stands in the front of the line: what it has waited for is from outside.
void gil_unpark(gil_node_t *node, bool urgent);

// Makes the thread that parks or sleeps on the node, or is about to, ask pending(). From a signal
// handler.
void gil_interrupt(gil_node_t *node);

#endif // INCLUDED_THREADS_GIL_H
