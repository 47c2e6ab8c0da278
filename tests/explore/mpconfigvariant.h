// The unix port with threads that the explorer schedules; see port.c.
//
// This file is part of micropython-threading, MIT licence.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Found through -I of ports/unix.
#include "variants/mpconfigvariant_common.h"

#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)
#ifndef MICROPY_PY_THREAD
#define MICROPY_PY_THREAD (1)
#endif
#define MICROPY_PY_THREAD_GIL (0)
#define MICROPY_MPTHREADPORT_H "threadport.h"
