// Included before anything else of py/objexcept.c (mpconfigvariant.mk), which has one exception
// object for all who find no memory for their own. Two threads that raise it at once would overwrite
// each other's type, and grow one traceback while it is printed. Here each thread has one, in the
// heap, so that it outlives its thread with whoever keeps it.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADS_EMERGENCY_H
#define INCLUDED_THREADS_EMERGENCY_H

#include <stdarg.h> // before py/mpprint.h, which then declares mp_vprintf()

#include "py/mpstate.h"

static inline void *mp_threads_vm_field(void *field) {
    return field == &mp_state_ctx.vm.mp_emergency_exception_obj ? (void *)mp_threads_emergency_exception() : field;
}

#undef MP_STATE_VM
#define MP_STATE_VM(x) (*(__typeof__(mp_state_ctx.vm.x) *)mp_threads_vm_field(&mp_state_ctx.vm.x))

#endif // INCLUDED_THREADS_EMERGENCY_H
