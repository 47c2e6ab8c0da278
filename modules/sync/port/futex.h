// Linux futexes and the monotonic clock: the only code that knows either system call.
//
// A deadline is nanoseconds of CLOCK_MONOTONIC, absolute, so that neither a signal nor a retry
// makes a wait longer. FUTEX_FOREVER waits without a timer.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_SYNC_PORT_FUTEX_H
#define INCLUDED_SYNC_PORT_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FUTEX_FOREVER INT64_MAX

static inline int64_t futex_now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// Sleeps while *word == value, until a wake, the deadline or a signal. Returns 0 or the errno:
// EAGAIN (the word had changed already), ETIMEDOUT, EINTR. A return of 0 may be spurious.
static inline int futex_wait(uint32_t *word, uint32_t value, int64_t deadline) {
    const int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
    long ret;
    if (deadline == FUTEX_FOREVER) {
        // Both calls of a 32-bit system take a null pointer: the old one is in every kernel.
        #ifdef SYS_futex
        ret = syscall(SYS_futex, word, op, value, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
        #else
        ret = syscall(SYS_futex_time64, word, op, value, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
        #endif
    } else {
        #ifdef SYS_futex_time64
        // A 32-bit system: the call that does not end in 2038, unless the kernel is older than it.
        struct {
            int64_t sec, nsec;
        } ts64 = { deadline / 1000000000, deadline % 1000000000 };
        ret = syscall(SYS_futex_time64, word, op, value, &ts64, NULL, FUTEX_BITSET_MATCH_ANY);
        #ifdef SYS_futex
        if (ret == -1 && errno == ENOSYS) {
            int64_t sec = deadline / 1000000000;
            struct {
                long sec, nsec;
            } ts32 = { sec > INT32_MAX ? INT32_MAX : (long)sec, (long)(deadline % 1000000000) };
            ret = syscall(SYS_futex, word, op, value, &ts32, NULL, FUTEX_BITSET_MATCH_ANY);
        }
        #endif
        #else
        struct timespec ts = { .tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000 };
        ret = syscall(SYS_futex, word, op, value, &ts, NULL, FUTEX_BITSET_MATCH_ANY);
        #endif
    }
    return ret == -1 ? errno : 0;
}

// Wakes up to n threads that sleep on the word. Safe in a signal handler; keeps errno.
static inline void futex_wake(uint32_t *word, int n) {
    int saved = errno;
    #ifdef SYS_futex
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, NULL, NULL, 0);
    #else
    syscall(SYS_futex_time64, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, NULL, NULL, 0);
    #endif
    errno = saved;
}

// A mutex in one word: 0 free, 1 held, 2 held and perhaps waited for. For sections of a few
// instructions. (The third mutex of Ulrich Drepper's "Futexes Are Tricky".)
static inline bool futex_mutex_trylock(uint32_t *word) {
    uint32_t free = 0;
    return __atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void futex_mutex_lock(uint32_t *word) {
    if (!futex_mutex_trylock(word)) {
        // Pairs with the release exchange of futex_mutex_unlock.
        while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0) {
            futex_wait(word, 2, FUTEX_FOREVER);
        }
    }
}

static inline void futex_mutex_unlock(uint32_t *word) {
    if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2) {
        futex_wake(word, 1);
    }
}

#endif // INCLUDED_SYNC_PORT_FUTEX_H
