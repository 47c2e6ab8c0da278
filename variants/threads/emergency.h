// Included before anything else of py/objexcept.c (mpconfigvariant.mk), which has one exception
// object and one buffer for all who find no memory for their own. Two threads that raise it at once
// would overwrite each other's type, and grow one traceback while it is printed. Here each thread has
// its own.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADS_EMERGENCY_H
#define INCLUDED_THREADS_EMERGENCY_H

#include <stdarg.h> // before py/mpprint.h, which then declares mp_vprintf()

#include "py/gc.h"
#include "py/mpstate.h"

// threadport.c: what the running thread has in the place of the field, if it is one of the two.
void *mp_threads_own(void *field);

#undef MP_STATE_VM
#define MP_STATE_VM(x) (*(__typeof__(mp_state_ctx.vm.x) *)mp_threads_own(&mp_state_ctx.vm.x))

// A traceback in the buffer of another thread does not grow either.
static inline bool mp_threads_is_in_heap(const void *ptr) {
    return gc_nbytes(ptr) != 0;
}
#undef m_renew_maybe
#if MICROPY_MALLOC_USES_ALLOCATED_SIZE
#define m_renew_maybe(type, ptr, old_num, new_num, allow_move) (!mp_threads_is_in_heap(ptr) ? NULL \
    : (type *)m_realloc_maybe((ptr), sizeof(type) * (old_num), sizeof(type) * (new_num), (allow_move)))
#else
#define m_renew_maybe(type, ptr, old_num, new_num, allow_move) (!mp_threads_is_in_heap(ptr) ? NULL \
    : (type *)m_realloc_maybe((ptr), sizeof(type) * (new_num), (allow_move)))
#endif

#endif // INCLUDED_THREADS_EMERGENCY_H
