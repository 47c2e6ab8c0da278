// The `threads` variant: everything that the standard variant has and a desktop user expects, with
// a GIL of its own. mpconfigvariant.mk says which of the port's optional parts are built.
//
// This file is part of micropython-threading, MIT licence.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Found through -I of ports/unix.
#include "variants/mpconfigvariant_common.h"

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
