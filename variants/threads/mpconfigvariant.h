// The `threads` variant: everything that the standard variant has and a desktop user expects, with
// a GIL of its own. mpconfigvariant.mk says which of the port's optional parts are built.
//
// This file is part of micropython-threading, MIT licence.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Found through -I of ports/unix.
#include "variants/mpconfigvariant_common.h"

#if THREADS_PROFILE_SMALL
#include "profile_small.h"
#endif

// Ctrl-C is scheduled: a handler that jumps out of a thread without the GIL would corrupt all.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)

// The stock port's files are compiled without threads (see mpconfigvariant.mk), all others with.
#ifndef MICROPY_PY_THREAD
#define MICROPY_PY_THREAD (1)
#endif
#ifndef MICROPY_PY_THREAD_GIL
#define MICROPY_PY_THREAD_GIL (1)
#endif
#define MICROPY_MPTHREADPORT_H "threadport.h"

// The GIL changes hands in our hooks only: vm.c's own bounce comes once in 2^31 jumps.
#define MICROPY_PY_THREAD_GIL_VM_DIVISOR (0x7fffffff)
#define MICROPY_VM_HOOK_LOOP MP_THREAD_VM_HOOK
#define MICROPY_VM_HOOK_RETURN MP_THREAD_VM_HOOK

// threadport.c puts itself between whoever schedules an exception and py/scheduler.c.
#define MICROPY_WRAP_MP_SCHED_EXCEPTION(f) mp_thread_sched_exception

// exit.c calls mp_threading_shutdown().
#define MICROPY_THREADING_SHUTDOWN_BY_PORT (1)

// Whole-line print(), and whatever else needs the heap.
#define MICROPY_PORT_INIT_FUNC mp_threads_variant_init()
void mp_threads_variant_init(void);

// Sleeps that let other threads run; see threadport.c.
void mp_hal_delay_ms(size_t ms);
#define mp_hal_delay_ms mp_hal_delay_ms
int mp_threads_usleep(unsigned us);
#define usleep mp_threads_usleep

// gc_alloc() looks for free blocks one by one, from where it has found the last single one: a program
// that takes only larger pieces goes over all that is in use again and again. This hook in its loop
// skips a word of the allocation table in which no block is free. Anywhere else it does nothing.
static inline size_t mp_threads_skip_used(const unsigned char *table, size_t i, size_t len) {
    const size_t each = (size_t)-1 / 3; // one bit for each block; two zeros are a free one
    size_t next = i, word;
    while (next + sizeof(word) <= len) {
        __builtin_memcpy(&word, table + next, sizeof(word));
        if (((word | word >> 1) & each) != each) {
            break;
        }
        next += sizeof(word);
    }
    // Not the last byte: there the loop forgets what was free before.
    return next == i ? i : next - 1;
}
#define MICROPY_GC_HOOK_LOOP(i) do { \
        if (__builtin_strcmp(__func__, "gc_alloc") == 0) { \
            (i) = mp_threads_skip_used(area->gc_alloc_table_start, i, area->gc_alloc_table_byte_len); \
        } \
} while (0)
