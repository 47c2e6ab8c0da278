// Condition.
//
// The waiters stand in a list of the core. A notified thread then takes the lock like any other:
// the notifier, which holds it, gives it up soon.
//
// This file is part of micropython-threading, MIT licence.

#include "lock.h"

// Faults that tests/explore switches on, one at a time, to see that its check finds them.
#ifndef BUG_CONDITION_LATE // in line when the lock is given up already
#define BUG_CONDITION_LATE (0)
#endif
#ifndef BUG_CONDITION_KEPT // who leaves with an exception keeps the notification
#define BUG_CONDITION_KEPT (0)
#endif

typedef struct _condition_obj_t {
    mp_obj_base_t base;
    mp_obj_t lock;
    sync_list_t waiters;
} condition_obj_t;

static MP_NOINLINE condition_obj_t *condition_self(mp_obj_t self_in) {
    return native_self(self_in, &mp_type_threading_condition);
}

mp_obj_t condition_new(mp_obj_t lock) {
    condition_obj_t *self = mp_obj_malloc(condition_obj_t, &mp_type_threading_condition);
    self->lock = lock;
    self->waiters = (sync_list_t) { NULL, NULL };
    return MP_OBJ_FROM_PTR(self);
}

sync_list_t *condition_waiters(mp_obj_t condition) {
    return &((condition_obj_t *)MP_OBJ_TO_PTR(condition))->waiters;
}

static const method_t condition_new_spec = {
    { NULL }, NULL, MP_QSTR_Condition, 0, 1, 1, { MP_QSTR_lock }
};

static mp_obj_t condition_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_obj_t lock;
    method_parse(&condition_new_spec, n_args, n_kw, args, &lock);
    if (lock == MP_OBJ_NULL || lock == mp_const_none) {
        lock = any_lock_new();
    } else {
        // AttributeError for what is no lock.
        mp_load_attr(lock, MP_QSTR_acquire);
        mp_load_attr(lock, MP_QSTR_release);
    }
    return condition_new(lock);
}

static void condition_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    condition_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_print_str(print, "<Condition(");
    mp_obj_print_helper(print, self->lock, PRINT_REPR);
    sync_enter();
    size_t len = sync_list_len(&self->waiters);
    sync_leave();
    mp_printf(print, ", %u)>", (unsigned)len);
}

// The lock's own methods, under their own names.
static void condition_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    condition_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (attr) {
        case MP_QSTR_acquire:
        case MP_QSTR_release:
        case MP_QSTR_locked:
            mp_load_method_maybe(self->lock, attr, dest);
            break;
        case MP_QSTR__lock:
            dest[0] = self->lock;
            break;
        default:
            dest[1] = MP_OBJ_SENTINEL; // go on in the table of methods
            break;
    }
}

static mp_obj_t condition_enter(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return any_lock_enter(condition_self(self_in)->lock);
}
METHOD_0(condition_enter, MP_QSTR___enter__);

static mp_obj_t condition_exit(mp_obj_t self_in, const mp_obj_t *args) {
    return any_lock_exit(condition_self(self_in)->lock, args);
}
METHOD_EXIT(condition_exit);

static mp_obj_t condition_is_owned(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(any_lock_is_owned(condition_self(self_in)->lock));
}
METHOD_0(condition_is_owned, MP_QSTR__is_owned);

static mp_obj_t condition_release_save(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return any_lock_release_save(condition_self(self_in)->lock);
}
METHOD_0(condition_release_save, MP_QSTR__release_save);

static mp_obj_t condition_acquire_restore(mp_obj_t self_in, const mp_obj_t *args) {
    any_lock_acquire_restore(condition_self(self_in)->lock, args[0]);
    return mp_const_none;
}
METHOD(condition_acquire_restore, MP_QSTR__acquire_restore, 1, MP_QSTR_state);

static void check_owned(condition_obj_t *self, mp_rom_error_text_t text) {
    if (!any_lock_is_owned(self->lock)) {
        raise_runtime_error(text);
    }
}

static MP_NOINLINE void check_can_wait(condition_obj_t *self) {
    check_owned(self, MP_ERROR_TEXT("cannot wait on un-acquired lock"));
}

static void stand_in_line(condition_obj_t *self, sync_waiter_t *waiter) {
    sync_enter();
    sync_list_append(&self->waiters, waiter);
    sync_leave();
}

static bool wait(condition_obj_t *self, sync_deadline_t deadline) {
    // In line before the lock is given up, so no notify() is missed.
    sync_waiter_t waiter;
    if (!BUG_CONDITION_LATE) {
        stand_in_line(self, &waiter);
    }
    mp_obj_t state;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        state = any_lock_release_save(self->lock);
        nlr_pop();
        if (BUG_CONDITION_LATE) {
            stand_in_line(self, &waiter);
        }
    } else {
        sync_enter();
        if (waiter.list != NULL) {
            sync_list_remove(&waiter);
        } else {
            sync_list_wake(&self->waiters, 0); // notified meanwhile: for somebody else
        }
        sync_leave();
        nlr_jump(nlr.ret_val);
    }
    mp_obj_t exc;
    bool notified = waiter_sleep(&waiter, deadline, &exc);
    if (exc != MP_OBJ_NULL && notified && !BUG_CONDITION_KEPT) {
        // This thread leaves with an exception: the notification is for somebody else.
        sync_enter();
        sync_list_wake(&self->waiters, 0);
        sync_leave();
    }
    any_lock_acquire_restore(self->lock, state);
    if (exc != MP_OBJ_NULL) {
        nlr_raise(exc);
    }
    return notified;
}

static mp_obj_t condition_wait(mp_obj_t self_in, const mp_obj_t *args) {
    condition_obj_t *self = condition_self(self_in);
    check_can_wait(self);
    return mp_obj_new_bool(wait(self, deadline_from_timeout(args[0])));
}
METHOD(condition_wait, MP_QSTR_wait, 0, MP_QSTR_timeout);

static mp_obj_t condition_wait_for(mp_obj_t self_in, const mp_obj_t *args) {
    condition_obj_t *self = condition_self(self_in);
    mp_obj_t result = mp_call_function_0(args[0]);
    if (mp_obj_is_true(result)) {
        return result;
    }
    sync_deadline_t deadline = deadline_from_timeout(args[1]);
    for (;;) {
        // As in CPython also with a timeout of zero: the lock is given up once and the predicate asked again.
        check_can_wait(self);
        bool notified = wait(self, deadline);
        result = mp_call_function_0(args[0]);
        if (!notified || mp_obj_is_true(result)) {
            return result;
        }
    }
}
METHOD(condition_wait_for, MP_QSTR_wait_for, 1, MP_QSTR_predicate, MP_QSTR_timeout);

// n_in, or n where that is not given.
static void notify(mp_obj_t self_in, mp_obj_t n_in, mp_int_t n) {
    condition_obj_t *self = condition_self(self_in);
    check_owned(self, MP_ERROR_TEXT("cannot notify on un-acquired lock"));
    if (n_in != MP_OBJ_NULL) {
        n = mp_obj_get_int(n_in);
    }
    sync_enter();
    while (n-- > 0 && sync_list_wake(&self->waiters, 0)) {
    }
    sync_leave();
}

static mp_obj_t condition_notify(mp_obj_t self_in, const mp_obj_t *args) {
    notify(self_in, args[0], 1);
    return mp_const_none;
}
METHOD(condition_notify, MP_QSTR_notify, 0, MP_QSTR_n);

static mp_obj_t condition_notify_all(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    notify(self_in, MP_OBJ_NULL, INT32_MAX);
    return mp_const_none;
}
METHOD_0(condition_notify_all, MP_QSTR_notify_all);

static const mp_rom_map_elem_t condition_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&condition_enter_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&condition_exit_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait), MP_ROM_PTR(&condition_wait_obj) },
    { MP_ROM_QSTR(MP_QSTR_notify), MP_ROM_PTR(&condition_notify_obj) },
    { MP_ROM_QSTR(MP_QSTR_notify_all), MP_ROM_PTR(&condition_notify_all_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait_for), MP_ROM_PTR(&condition_wait_for_obj) },
    { MP_ROM_QSTR(MP_QSTR_notifyAll), MP_ROM_PTR(&condition_notify_all_obj) },
    { MP_ROM_QSTR(MP_QSTR__is_owned), MP_ROM_PTR(&condition_is_owned_obj) },
    { MP_ROM_QSTR(MP_QSTR__release_save), MP_ROM_PTR(&condition_release_save_obj) },
    { MP_ROM_QSTR(MP_QSTR__acquire_restore), MP_ROM_PTR(&condition_acquire_restore_obj) },
};
static MP_DEFINE_CONST_DICT(condition_locals, condition_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_condition,
    MP_QSTR_Condition,
    MP_TYPE_FLAG_NONE,
    make_new, condition_make_new,
    print, condition_print,
    attr, condition_attr,
    locals_dict, &condition_locals
    );
