// import threading: CPython 3.14's public API.
//
// This file is part of micropython-threading, MIT licence.

#include "py/builtin.h"
#include "threading.h"

extern const mp_obj_module_t mp_module_threading;

MP_REGISTER_ROOT_POINTER(mp_obj_t threading_classes[5]);
MP_REGISTER_ROOT_POINTER(mp_obj_t threading_timeout_max);
MP_REGISTER_ROOT_POINTER(mp_obj_t threading_hooks[2]); // trace, profile

mp_obj_t threading_class(size_t which) {
    return MP_STATE_VM(threading_classes)[which];
}

// import runs it: the first time it makes what is not constant. The main thread's Thread comes last
// and stands for all of it: an import that found no memory may be tried again.
static mp_obj_t threading_init(void) {
    take_sigint();
    MP_STATIC_ASSERT(MP_ARRAY_SIZE(MP_STATE_VM(threading_classes)) == CLASS_COUNT);
    mp_obj_t *classes = MP_STATE_VM(threading_classes);
    if (MP_STATE_VM(threading_main) == NULL) {
        #if MICROPY_PY_BUILTINS_FLOAT
        MP_STATE_VM(threading_timeout_max) = mp_obj_new_float((mp_float_t)9223372036.0);
        #else
        MP_STATE_VM(threading_timeout_max) = mp_obj_new_int_from_ll(9223372036LL);
        #endif
        module_set(&mp_module_threading, MP_QSTR_TIMEOUT_MAX, MP_STATE_VM(threading_timeout_max));
        classes_new(&mp_module_threading, classes, thread_classes, CLASS_LOCAL, &mp_type_thread_native);
        classes_new(&mp_module_threading, &classes[CLASS_LOCAL], &local_class, 1, &mp_type_local_native);
        thread_module_init();
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_init_obj, threading_init);

// settrace() and setprofile() keep the function for gettrace() and getprofile(); the interpreter
// has nothing that would call it.
static mp_obj_t get_hook(size_t which) {
    mp_obj_t hook = MP_STATE_VM(threading_hooks)[which];
    return hook == MP_OBJ_NULL ? mp_const_none : hook;
}

static MP_NOINLINE mp_obj_t set_hook(size_t which, size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    static const mp_arg_t allowed[] = { { MP_QSTR_func, MP_ARG_REQUIRED | MP_ARG_OBJ, { 0 } } };
    mp_arg_val_t func;
    mp_arg_parse_all(n_args, args, kwargs, 1, allowed, &func);
    MP_STATE_VM(threading_hooks)[which] = func.u_obj;
    return mp_const_none;
}

static mp_obj_t threading_settrace(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    return set_hook(0, n_args, args, kwargs);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(threading_settrace_obj, 0, threading_settrace);

static mp_obj_t threading_gettrace(void) {
    return get_hook(0);
}
static MP_DEFINE_CONST_FUN_OBJ_0(threading_gettrace_obj, threading_gettrace);

static mp_obj_t threading_setprofile(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    return set_hook(1, n_args, args, kwargs);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(threading_setprofile_obj, 0, threading_setprofile);

static mp_obj_t threading_getprofile(void) {
    return get_hook(1);
}
static MP_DEFINE_CONST_FUN_OBJ_0(threading_getprofile_obj, threading_getprofile);

MP_DECLARE_CONST_FUN_OBJ_0(threading_current_thread_obj);
MP_DECLARE_CONST_FUN_OBJ_0(threading_main_thread_obj);
MP_DECLARE_CONST_FUN_OBJ_0(threading_get_ident_obj);
MP_DECLARE_CONST_FUN_OBJ_0(threading_get_native_id_obj);
MP_DECLARE_CONST_FUN_OBJ_0(threading_active_count_obj);
MP_DECLARE_CONST_FUN_OBJ_0(threading_enumerate_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(threading_stack_size_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(threading_register_atexit_obj);
MP_DECLARE_CONST_FUN_OBJ_0(threading_shutdown_obj);

// Not const: import sets the entries without a value. The dict is: programs add no names. Those
// without _ are in the order of CPython's __all__.
static mp_rom_map_elem_t threading_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_threading) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&threading_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_ident), MP_ROM_PTR(&threading_get_ident_obj) },
    { MP_ROM_QSTR(MP_QSTR_active_count), MP_ROM_PTR(&threading_active_count_obj) },
    { MP_ROM_QSTR(MP_QSTR_Condition), MP_ROM_PTR(&mp_type_threading_condition) },
    { MP_ROM_QSTR(MP_QSTR_current_thread), MP_ROM_PTR(&threading_current_thread_obj) },
    { MP_ROM_QSTR(MP_QSTR_enumerate), MP_ROM_PTR(&threading_enumerate_obj) },
    { MP_ROM_QSTR(MP_QSTR_main_thread), MP_ROM_PTR(&threading_main_thread_obj) },
    { MP_ROM_QSTR(MP_QSTR_TIMEOUT_MAX), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_Event), MP_ROM_PTR(&mp_type_threading_event) },
    { MP_ROM_QSTR(MP_QSTR_Lock), MP_ROM_PTR(&mp_type_threading_lock) },
    { MP_ROM_QSTR(MP_QSTR_RLock), MP_ROM_PTR(&mp_type_threading_rlock) },
    { MP_ROM_QSTR(MP_QSTR_Semaphore), MP_ROM_PTR(&mp_type_threading_semaphore) },
    { MP_ROM_QSTR(MP_QSTR_BoundedSemaphore), MP_ROM_PTR(&mp_type_threading_bounded_semaphore) },
    { MP_ROM_QSTR(MP_QSTR_Thread), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_Barrier), MP_ROM_PTR(&mp_type_threading_barrier) },
    { MP_ROM_QSTR(MP_QSTR_BrokenBarrierError), MP_ROM_PTR(&mp_type_BrokenBarrierError) },
    { MP_ROM_QSTR(MP_QSTR_Timer), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_ThreadError), MP_ROM_PTR(&mp_type_RuntimeError) },
    { MP_ROM_QSTR(MP_QSTR_setprofile), MP_ROM_PTR(&threading_setprofile_obj) },
    { MP_ROM_QSTR(MP_QSTR_settrace), MP_ROM_PTR(&threading_settrace_obj) },
    { MP_ROM_QSTR(MP_QSTR_local), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_stack_size), MP_ROM_PTR(&threading_stack_size_obj) },
    { MP_ROM_QSTR(MP_QSTR_excepthook), MP_ROM_PTR(&threading_excepthook_obj) },
    { MP_ROM_QSTR(MP_QSTR_ExceptHookArgs), MP_ROM_PTR(&mp_type_threading_except_hook_args) },
    { MP_ROM_QSTR(MP_QSTR_getprofile), MP_ROM_PTR(&threading_getprofile_obj) },
    { MP_ROM_QSTR(MP_QSTR_gettrace), MP_ROM_PTR(&threading_gettrace_obj) },
    { MP_ROM_QSTR(MP_QSTR_setprofile_all_threads), MP_ROM_PTR(&threading_setprofile_obj) },
    { MP_ROM_QSTR(MP_QSTR_settrace_all_threads), MP_ROM_PTR(&threading_settrace_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_native_id), MP_ROM_PTR(&threading_get_native_id_obj) },
    { MP_ROM_QSTR(MP_QSTR___excepthook__), MP_ROM_PTR(&threading_excepthook_obj) },
    { MP_ROM_QSTR(MP_QSTR__register_atexit), MP_ROM_PTR(&threading_register_atexit_obj) },
    { MP_ROM_QSTR(MP_QSTR__shutdown), MP_ROM_PTR(&threading_shutdown_obj) },
    { MP_ROM_QSTR(MP_QSTR__MainThread), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR__DummyThread), MP_ROM_NONE },
};
static MP_DEFINE_CONST_DICT(threading_globals, threading_globals_table);

const mp_obj_module_t mp_module_threading = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&threading_globals,
};

// _active: {ident: thread}, a new dict each time.
static mp_obj_t active_threads(void) {
    size_t len;
    mp_obj_t *threads;
    mp_obj_get_array(mp_call_function_0(MP_OBJ_FROM_PTR(&threading_enumerate_obj)), &len, &threads);
    mp_obj_t dict = mp_obj_new_dict(len);
    for (size_t i = 0; i < len; ++i) {
        mp_obj_dict_store(dict, mp_load_attr(threads[i], MP_QSTR_ident), threads[i]);
    }
    return dict;
}

// __all__: the public names of the table, a new list each time.
static mp_obj_t all_names(void) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    const mp_map_t *map = &threading_globals.map;
    for (size_t i = 0; i < map->used; ++i) {
        if (*qstr_str(MP_OBJ_QSTR_VALUE(map->table[i].key)) != '_') {
            mp_obj_list_append(list, map->table[i].key);
        }
    }
    return list;
}

// What is not in the table: __all__, the old names, which `from threading import *` leaves out, and
// _active. A store comes here as well.
void threading_module_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);
void threading_module_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    (void)self_in;
    if (dest[0] != MP_OBJ_NULL) {
        if (attr == MP_QSTR_excepthook && dest[1] != MP_OBJ_NULL) {
            MP_STATE_VM(threading_excepthook) = dest[1];
            module_set(&mp_module_threading, MP_QSTR_excepthook, dest[1]);
            dest[0] = MP_OBJ_NULL; // stored
        }
        return;
    }
    switch (attr) {
        case MP_QSTR_activeCount:
            dest[0] = MP_OBJ_FROM_PTR(&threading_active_count_obj);
            break;
        case MP_QSTR_currentThread:
            dest[0] = MP_OBJ_FROM_PTR(&threading_current_thread_obj);
            break;
        case MP_QSTR___all__:
            dest[0] = all_names();
            break;
        case MP_QSTR__active:
            dest[0] = active_threads();
            break;
    }
}

MP_REGISTER_MODULE(MP_QSTR_threading, mp_module_threading);
MP_REGISTER_MODULE_DELEGATION(mp_module_threading, threading_module_attr);
