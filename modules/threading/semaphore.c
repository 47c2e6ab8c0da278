// Semaphore and BoundedSemaphore: one C type with a maximum, which the first has not.
//
// This file is part of micropython-threading, MIT licence.

#include "threading.h"

typedef struct _semaphore_obj_t {
    mp_obj_base_t base;
    sync_sem_t sem;
    uint32_t max; // SYNC_UNBOUNDED, or the initial value
} semaphore_obj_t;

// BoundedSemaphore is a native subclass of Semaphore: both are the same to a method.
static semaphore_obj_t *semaphore_self(mp_obj_t self_in) {
    if (mp_obj_is_type(self_in, &mp_type_threading_bounded_semaphore)) {
        return MP_OBJ_TO_PTR(self_in);
    }
    return native_self(self_in, &mp_type_threading_semaphore);
}

static const method_t semaphore_new_spec = {
    { NULL }, NULL, MP_QSTR_Semaphore, 0, 1, 1, { MP_QSTR_value }
};

static mp_obj_t semaphore_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_obj_t value_in;
    method_parse(&semaphore_new_spec, n_args, n_kw, args, &value_in);
    mp_int_t value = value_in == MP_OBJ_NULL ? 1 : mp_obj_get_int(value_in);
    if (value < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("semaphore initial value must be >= 0"));
    }
    if ((mp_uint_t)value >= SYNC_UNBOUNDED) {
        mp_raise_msg(&mp_type_OverflowError, MP_ERROR_TEXT("semaphore initial value is too large"));
    }
    semaphore_obj_t *self = mp_obj_malloc(semaphore_obj_t, type);
    sync_sem_init(&self->sem, value);
    self->max = type == &mp_type_threading_bounded_semaphore ? (uint32_t)value : SYNC_UNBOUNDED;
    return MP_OBJ_FROM_PTR(self);
}

static void semaphore_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    semaphore_obj_t *self = MP_OBJ_TO_PTR(self_in);
    print_head(print, self_in);
    mp_printf(print, self->max == SYNC_UNBOUNDED ? "value=%u>" : "value=%u/%u>", (unsigned)self->sem.count,
        (unsigned)self->max);
}

static void semaphore_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] == MP_OBJ_NULL) {
        semaphore_obj_t *self = MP_OBJ_TO_PTR(self_in);
        if (attr == MP_QSTR__value) {
            dest[0] = mp_obj_new_int_from_uint(self->sem.count);
        } else {
            dest[1] = MP_OBJ_SENTINEL;
        }
    }
}

static mp_obj_t semaphore_acquire(mp_obj_t self_in, const mp_obj_t *args) {
    semaphore_obj_t *self = semaphore_self(self_in);
    bool given = args[1] != MP_OBJ_NULL && args[1] != mp_const_none;
    bool blocking = arg_is_true(args[0], true);
    if (!blocking && given) {
        mp_raise_ValueError(MP_ERROR_TEXT("can't specify timeout for non-blocking acquire"));
    }
    // The timeout is looked at when it matters.
    bool acquired = sem_acquire(&self->sem, SYNC_POLL);
    if (!acquired && blocking) {
        acquired = sem_acquire(&self->sem, deadline_from_timeout(args[1]));
    }
    return mp_obj_new_bool(acquired);
}
METHOD(semaphore_acquire, MP_QSTR_acquire, 0, MP_QSTR_blocking, MP_QSTR_timeout);

static void give(semaphore_obj_t *self, mp_int_t n) {
    if (n < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("n must be one or more"));
    }
    if ((mp_uint_t)n >= SYNC_UNBOUNDED || !sync_sem_release(&self->sem, n, self->max)) {
        mp_raise_ValueError(MP_ERROR_TEXT("Semaphore released too many times"));
    }
}

static mp_obj_t semaphore_release(mp_obj_t self_in, const mp_obj_t *args) {
    give(semaphore_self(self_in), args[0] == MP_OBJ_NULL ? 1 : mp_obj_get_int(args[0]));
    return mp_const_none;
}
METHOD(semaphore_release, MP_QSTR_release, 0, MP_QSTR_n);

static mp_obj_t semaphore_exit(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    give(semaphore_self(self_in), 1);
    return mp_const_none;
}
METHOD_EXIT(semaphore_exit);

static const mp_rom_map_elem_t semaphore_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_acquire), MP_ROM_PTR(&semaphore_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&semaphore_release_obj) },
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&semaphore_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&semaphore_exit_obj) },
};
static MP_DEFINE_CONST_DICT(semaphore_locals, semaphore_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_semaphore,
    MP_QSTR_Semaphore,
    MP_TYPE_FLAG_NONE,
    make_new, semaphore_make_new,
    print, semaphore_print,
    attr, semaphore_attr,
    locals_dict, &semaphore_locals
    );

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_bounded_semaphore,
    MP_QSTR_BoundedSemaphore,
    MP_TYPE_FLAG_NONE,
    make_new, semaphore_make_new,
    print, semaphore_print,
    attr, semaphore_attr,
    parent, &mp_type_threading_semaphore,
    locals_dict, &semaphore_locals
    );
