// SimpleQueue: unbounded, without tasks. put() may be called from anywhere, also from a finaliser or
// a callback that interrupts put() or get() of the same queue: the ring changes in one step.
//
// This file is part of micropython-threading, MIT licence.

#include "queue.h"
#include "ring.h"

// Faults that tests/explore switches on, one at a time, to see that its check finds them.
#ifndef BUG_SIMPLE_KEPT // who leaves with an exception keeps what it was woken for
#define BUG_SIMPLE_KEPT (0)
#endif

typedef struct _simple_obj_t {
    mp_obj_base_t base;
    ring_t ring; // under the guard
    sync_list_t getters; // under the guard
} simple_obj_t;

static MP_NOINLINE simple_obj_t *simple_self(mp_obj_t self_in) {
    return native_self(self_in, &mp_type_queue_simple);
}

static mp_obj_t simple_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    simple_obj_t *self = mp_obj_malloc(simple_obj_t, type);
    ring_clear(&self->ring);
    self->getters = (sync_list_t) { NULL, NULL };
    return MP_OBJ_FROM_PTR(self);
}

static void simple_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "<_queue.SimpleQueue object at 0x%p>", MP_OBJ_TO_PTR(self_in));
}

// put(item, block=True, timeout=None): never blocks, so the last two do not matter.
static mp_obj_t simple_put(mp_obj_t self_in, const mp_obj_t *args) {
    simple_obj_t *self = simple_self(self_in);
    for (;;) {
        sync_enter();
        if (self->ring.len < self->ring.alloc) {
            ring_append(&self->ring, args[0]);
            sync_list_wake(&self->getters, 0);
            sync_leave();
            return mp_const_none;
        }
        sync_leave();
        ring_reserve(&self->ring);
    }
}
METHOD(simple_put, MP_QSTR_put, 1, MP_QSTR_item, MP_QSTR_block, MP_QSTR_timeout);

static mp_obj_t simple_put_nowait(mp_obj_t self_in, const mp_obj_t *args) {
    return simple_put(self_in, args);
}
METHOD(simple_put_nowait, MP_QSTR_put_nowait, 1, MP_QSTR_item);

static mp_obj_t get(simple_obj_t *self, sync_deadline_t deadline) {
    for (bool expired = deadline == SYNC_POLL;;) {
        sync_enter();
        if (self->ring.len > 0) {
            mp_obj_t item = ring_pop_left(&self->ring);
            sync_leave();
            return item;
        }
        if (expired) {
            sync_leave();
            mp_raise_type(&mp_type_Empty);
        }
        sync_waiter_t waiter;
        sync_list_append(&self->getters, &waiter);
        sync_leave();
        mp_obj_t exc;
        bool woken = waiter_sleep(&waiter, deadline, &exc);
        expired = !woken;
        if (exc != MP_OBJ_NULL) {
            if (woken && !BUG_SIMPLE_KEPT) {
                // This thread leaves with an exception: the item is for somebody else.
                sync_enter();
                sync_list_wake(&self->getters, 0);
                sync_leave();
            }
            nlr_raise(exc);
        }
    }
}

static mp_obj_t simple_get(mp_obj_t self_in, const mp_obj_t *args) {
    simple_obj_t *self = simple_self(self_in);
    sync_deadline_t deadline = SYNC_FOREVER;
    if (!arg_is_true(args[0], true)) {
        deadline = SYNC_POLL;
    } else if (args[1] != MP_OBJ_NULL && args[1] != mp_const_none) {
        int64_t ns = ns_from_seconds(args[1]);
        if (ns < 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("'timeout' must be a non-negative number"));
        }
        deadline = deadline_in(ns);
    }
    return get(self, deadline);
}
METHOD(simple_get, MP_QSTR_get, 0, MP_QSTR_block, MP_QSTR_timeout);

static mp_obj_t simple_get_nowait(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return get(simple_self(self_in), SYNC_POLL);
}
METHOD_0(simple_get_nowait, MP_QSTR_get_nowait);

static mp_obj_t simple_qsize(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_int_from_uint(simple_self(self_in)->ring.len);
}
METHOD_0(simple_qsize, MP_QSTR_qsize);

static mp_obj_t simple_empty(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(simple_self(self_in)->ring.len == 0);
}
METHOD_0(simple_empty, MP_QSTR_empty);

static const mp_rom_map_elem_t simple_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&simple_put_obj) },
    { MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&simple_get_obj) },
    { MP_ROM_QSTR(MP_QSTR_put_nowait), MP_ROM_PTR(&simple_put_nowait_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_nowait), MP_ROM_PTR(&simple_get_nowait_obj) },
    { MP_ROM_QSTR(MP_QSTR_qsize), MP_ROM_PTR(&simple_qsize_obj) },
    { MP_ROM_QSTR(MP_QSTR_empty), MP_ROM_PTR(&simple_empty_obj) },
};
static MP_DEFINE_CONST_DICT(simple_locals, simple_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_queue_simple,
    MP_QSTR_SimpleQueue,
    MP_TYPE_FLAG_NONE,
    make_new, simple_make_new,
    print, simple_print,
    locals_dict, &simple_locals
    );
