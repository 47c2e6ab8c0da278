// Upstream's unix port with as little as `_thread` and lib/ need: no deque, heapq, sys.stderr,
// str.partition() or __setattr__().
//
// This file is part of micropython-threading, MIT licence.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_CORE_FEATURES)

// Found through -I of ports/unix.
#include "variants/mpconfigvariant_common.h"

// What the unix port does not build without.
#define MICROPY_HELPER_REPL (1)
#define MICROPY_KBD_EXCEPTION (1)
