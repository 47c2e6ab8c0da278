// Allocations that fail on demand, in a build with DEBUG=1 only.
//
//     import _faults
//     _faults.fail(3)         # the third allocation from now on finds no memory, in whatever thread
//     _faults.fail(3, 100)    # and the 99 after it
//     _faults.fail(0)         # none any more; returns how many were to come before the first
//
// One that fails collects first, as an allocation does that finds no memory. mpconfigvariant.mk links
// the two functions that all others allocate with under other names.
//
// This file is part of micropython-threading, MIT licence.

#include "py/gc.h"
#include "py/runtime.h"

#if THREADS_DEBUG

void *__real_gc_alloc(size_t n_bytes, unsigned int flags);
void *__real_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);
void *__wrap_gc_alloc(size_t n_bytes, unsigned int flags);
void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);

static mp_uint_t before; // so many succeed, this one included: 0 is none, or those that fail now
static mp_uint_t failing; // so many fail then

// Under the GIL.
static bool fails(void) {
    if (MP_STATE_THREAD(gc_lock_depth) > 0 || failing == 0) {
        return false;
    }
    if (before > 0 && --before > 0) {
        return false;
    }
    --failing;
    gc_collect();
    return true;
}

void *__wrap_gc_alloc(size_t n_bytes, unsigned int flags) {
    return fails() ? NULL : __real_gc_alloc(n_bytes, flags);
}

// What shrinks does not fail.
void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move) {
    bool grows = n_bytes > gc_nbytes(ptr);
    return grows && fails() ? NULL : __real_gc_realloc(ptr, n_bytes, allow_move);
}

static mp_obj_t faults_fail(size_t n_args, const mp_obj_t *args) {
    mp_uint_t left = before;
    before = mp_obj_get_int(args[0]);
    failing = before == 0 ? 0 : n_args > 1 ? mp_obj_get_int(args[1]) : 1;
    return MP_OBJ_NEW_SMALL_INT(left);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(faults_fail_obj, 1, 2, faults_fail);

static const mp_rom_map_elem_t faults_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__faults) },
    { MP_ROM_QSTR(MP_QSTR_fail), MP_ROM_PTR(&faults_fail_obj) },
};
static MP_DEFINE_CONST_DICT(faults_globals, faults_globals_table);

const mp_obj_module_t mp_module_faults = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&faults_globals,
};

MP_REGISTER_MODULE(MP_QSTR__faults, mp_module_faults);

#endif
