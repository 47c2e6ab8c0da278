// What MicroPython's core needs to know of this variant's thread port (MICROPY_MPTHREADPORT_H).
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADS_THREADPORT_H
#define INCLUDED_THREADS_THREADPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gil.h"

// A futex mutex. The one called MP_STATE_VM(gil_mutex) stands for the GIL, which is in gil.c.
typedef struct _mp_thread_mutex_t {
    uint32_t word;
    #if THREADS_DEBUG
    uintptr_t holder; // native id
    #endif
} mp_thread_mutex_t;

// The same with an owner. Newer trees ask for it; here it carries the atomic sections.
typedef struct _mp_thread_recursive_mutex_t {
    uint32_t word;
    uint32_t depth; // only the owner's
    void *owner; // written by the owner, so a thread knows whether it is itself
} mp_thread_recursive_mutex_t;

void mp_thread_recursive_mutex_init(mp_thread_recursive_mutex_t *mutex);
int mp_thread_recursive_mutex_lock(mp_thread_recursive_mutex_t *mutex, int wait);
void mp_thread_recursive_mutex_unlock(mp_thread_recursive_mutex_t *mutex);

// The running thread's interpreter state. A thread-local variable: read at nearly every step of
// the interpreter, where a call of pthread_getspecific() costs a tenth of the whole time.
extern __thread struct _mp_state_thread_t *mp_thread_state_of_self;

static inline struct _mp_state_thread_t *mp_thread_get_state_inline(void) {
    return mp_thread_state_of_self;
}
#define mp_thread_get_state mp_thread_get_state_inline

// Whether the running thread is outside the GIL.
bool mp_threads_is_outside(void);

// What ports/unix/main.c calls.
void mp_thread_init(void);
void mp_thread_deinit(void);
void mp_thread_gc_others(void);
void mp_thread_unix_begin_atomic_section(void);
void mp_thread_unix_end_atomic_section(void);

// MICROPY_VM_HOOK_LOOP and _RETURN. The benchmarks define it empty, to see what it costs.
void mp_thread_vm_hook(void);
#ifndef MP_THREAD_VM_HOOK
#define MP_THREAD_VM_HOOK \
    if (__builtin_expect(gil_ask(), 0)) { \
        mp_thread_vm_hook(); \
    }
#endif

// MICROPY_PORT_INIT_FUNC, in print.c.
void mp_threads_variant_init(void);

// Before the first use of TLS, in tls.c.
void mp_threads_tls_init(void);

#endif // INCLUDED_THREADS_THREADPORT_H
