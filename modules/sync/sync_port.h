// The seam between the core and the system that carries it. Two implementations: port/linux.c
// (futexes; a guard of its own), and a host with a GIL, where the GIL is the guard
// (variants/threads/threadport.c; it sets SYNC_GUARD_IS_GIL). port/linux_thread.c serves both.
//
// The guard is one lock for all objects of the core: their state changes only under it, for a few
// instructions. Between sync_enter() and sync_leave() nothing may block, raise or allocate.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_SYNC_PORT_H
#define INCLUDED_SYNC_PORT_H

#include <stdbool.h>
#include <stdint.h>

// A point in time, ns of a monotonic clock; a wait without end; and one that is over at once.
typedef int64_t sync_deadline_t;
#define SYNC_FOREVER INT64_MAX
#define SYNC_POLL INT64_MIN

typedef enum {
    SYNC_OK,
    SYNC_TIMEOUT,
    SYNC_INTERRUPTED, // something is pending (see sync_host_pending); nothing was changed
} sync_result_t;

// What a sleeping thread is woken by. Lives in the frame of the call that sleeps.
typedef struct _sync_parker_t {
    union {
        void *thread; // whose it is, for a port that keeps the futex in the thread
        uint32_t word; // the futex, for a port that keeps it here
    };
    bool uninterruptible; // sync_park() never returns SYNC_INTERRUPTED; set by the core
    bool urgent; // for a host with a GIL: sync_unpark() puts the thread in front; set by the core
} sync_parker_t;

// With SYNC_DEBUG a host with a GIL looks after the guard as well.
#if SYNC_GUARD_IS_GIL && !SYNC_DEBUG
static inline void sync_enter(void) {
}
static inline void sync_leave(void) {
}
#else
void sync_enter(void);
void sync_leave(void);
#endif
bool sync_is_guarded(void); // SYNC_DEBUG only

// Must be called before the parker can be seen by another thread.
void sync_parker_init(sync_parker_t *parker);

// Called under the guard; leaves it (and the host's GIL), sleeps, and returns under it.
// SYNC_OK: unparked, or for no reason; the caller looks at its own state to know.
sync_result_t sync_park(sync_parker_t *parker, sync_deadline_t deadline);

// Called under the guard: ends the parker's sync_park(), also one that has not begun.
void sync_unpark(sync_parker_t *parker);

// For a host whose own port does not see to it: has the handler run at Ctrl-C, if the program has not
// switched SIGINT off; and, from that handler, makes a sleeping main thread ask sync_host_pending().
void sync_on_sigint(void (*handler)(int));
void sync_interrupt_main(void);

// The present on the clock of the deadlines.
int64_t sync_now(void);

// The kernel's number of the running thread, and whether a thread of that number lives.
uintptr_t sync_native_id(void);
bool sync_native_alive(uintptr_t native_id);

// The same for the main thread, whoever asks; and its ident (pthread_self() as a number).
uintptr_t sync_main_native_id(void);
uintptr_t sync_main_ident(void);

// Sends a signal to the main thread, and to no other. Safe in a signal handler.
void sync_signal_main(int signum);

// The name that the system shows for the running thread; cut to its 15 bytes.
void sync_set_native_name(const char *name);

// Provided by the host: whether an interrupted sleeper has something to do (an exception to raise,
// a callback to run); and how to leave and enter its GIL around a sleep, if it has one. The first
// may be called in any thread, with no lock.
bool sync_host_pending(void);
void sync_host_leave(void);
void sync_host_enter(void);

#endif // INCLUDED_SYNC_PORT_H
