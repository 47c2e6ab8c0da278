// What the unix port lacks when a feature that profile_small.h leaves out is not there.
//
// This file is part of micropython-threading, MIT licence.

#include "py/mpconfig.h"
#include "py/misc.h"

#if !MICROPY_DEBUG_PRINTERS
// What main.c counts -v in; py/emitglue.c has it with the debug printers only.
mp_uint_t mp_verbose_flag;
#endif
