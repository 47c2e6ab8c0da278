// Upstream's standard variant with upstream's own GIL: a pthread mutex, given up and taken again
// every 32 jumps. What ours is measured against (make bench-gil); not meant for use.
//
// This file is part of micropython-threading, MIT licence.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Found through -I of ports/unix.
#include "variants/mpconfigvariant_common.h"

#define MICROPY_PY_THREAD (1)
#define MICROPY_PY_THREAD_GIL (1)
// Carries the port's atomic sections; by default it comes only without a GIL.
#define MICROPY_PY_THREAD_RECURSIVE_MUTEX (1)

// Upstream refuses it together with a GIL.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)
