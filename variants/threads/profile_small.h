// PROFILE=small: what a board does without, one feature a paragraph. docs/sizes.md has the price of
// each in bytes, and of what stays. A line that is taken out brings its feature back.
//
// What stays is what programs on a board are made of (files, sockets, select, json, re, struct, time,
// hashlib, deflate, random, heapq) and what a technician needs: the prompt with its editing, help(),
// and error texts in full.
//
// This file is part of micropython-threading, MIT licence.

// Machine code made from Python functions (@micropython.native and viper). Such loops do not let
// other threads run anyway.
#define MICROPY_EMIT_THUMB (0)
#define MICROPY_EMIT_ARM (0)
#define MICROPY_EMIT_X64 (0)
#define MICROPY_EMIT_X86 (0)
#define MICROPY_EMIT_RV32 (0)
#define MICROPY_EMIT_INLINE_THUMB (0)

// Modules for displays, for C structures in memory, and for pins, which Linux has drivers for.
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_UCTYPES (0)
#undef MICROPY_PY_MACHINE
#define MICROPY_PY_MACHINE (0)

// asyncio does what threads are here for; websocket is for a prompt over the network.
#define MICROPY_PY_ASYNCIO (0)
#undef MICROPY_PY_WEBSOCKET
#define MICROPY_PY_WEBSOCKET (0)

// Complex numbers, and the error and gamma functions with what they need of the C library.
#define MICROPY_PY_BUILTINS_COMPLEX (0)
#define MICROPY_PY_CMATH (0)
#define MICROPY_PY_MATH_SPECIAL_FUNCTIONS (0)

// A file system in ROM: the agent's bundle is one.
#undef MICROPY_VFS_ROM
#define MICROPY_VFS_ROM (THREADS_AGENT)

// The module that names the compiler.
#define MICROPY_PY_PLATFORM (0)

// Ciphers and hashes that TLS=12 and 13 would bring along for programs.
#undef MICROPY_PY_CRYPTOLIB
#define MICROPY_PY_CRYPTOLIB (0)
#undef MICROPY_PY_HASHLIB_MD5
#define MICROPY_PY_HASHLIB_MD5 (0)
#undef MICROPY_PY_HASHLIB_SHA1
#define MICROPY_PY_HASHLIB_SHA1 (0)

// What developers of MicroPython look at. micropython.mem_info() shows less; gc.mem_alloc() and
// gc.mem_free() stay.
#undef MICROPY_MEM_STATS
#define MICROPY_MEM_STATS (0)
#undef MICROPY_DEBUG_PRINTERS
#define MICROPY_DEBUG_PRINTERS (0)
#undef MICROPY_WARNINGS
#define MICROPY_WARNINGS (0)

// A jump of its own after each byte code in the VM; a switch instead.
#undef MICROPY_OPT_COMPUTED_GOTO
#define MICROPY_OPT_COMPUTED_GOTO (0)
