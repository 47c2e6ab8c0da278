// Event.
//
// This file is part of micropython-threading, MIT licence.

#include "threading.h"

// Faults that tests/explore switches on, one at a time, to see that its check finds them.
#ifndef BUG_EVENT_SEEN_EARLY // looked at only before the guard is entered
#define BUG_EVENT_SEEN_EARLY (0)
#endif
#ifndef BUG_EVENT_LOOKS_AGAIN // looked at by who was woken
#define BUG_EVENT_LOOKS_AGAIN (0)
#endif

typedef struct _event_obj_t {
    mp_obj_base_t base;
    bool is_set; // under the guard
    sync_list_t waiters;
} event_obj_t;

static MP_NOINLINE event_obj_t *event_self(mp_obj_t self_in) {
    return native_self(self_in, &mp_type_threading_event);
}

mp_obj_t event_new(void) {
    event_obj_t *self = mp_obj_malloc(event_obj_t, &mp_type_threading_event);
    self->is_set = false;
    self->waiters = (sync_list_t) { NULL, NULL };
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t event_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return event_new();
}

static void event_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    event_obj_t *self = MP_OBJ_TO_PTR(self_in);
    print_head(print, self_in);
    mp_print_str(print, self->is_set ? "set>" : "unset>");
}

static mp_obj_t event_is_set(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(event_self(self_in)->is_set);
}
METHOD_0(event_is_set, MP_QSTR_is_set);

void event_set_guarded(mp_obj_t event) {
    event_obj_t *self = MP_OBJ_TO_PTR(event);
    self->is_set = true;
    sync_list_wake_all(&self->waiters, 0);
}

static mp_obj_t event_set(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    event_obj_t *self = event_self(self_in);
    sync_enter();
    event_set_guarded(MP_OBJ_FROM_PTR(self));
    sync_leave();
    return mp_const_none;
}
METHOD_0(event_set, MP_QSTR_set);

static mp_obj_t event_clear(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    event_obj_t *self = event_self(self_in);
    sync_enter();
    self->is_set = false;
    sync_leave();
    return mp_const_none;
}
METHOD_0(event_clear, MP_QSTR_clear);

static mp_obj_t event_wait(mp_obj_t self_in, const mp_obj_t *args) {
    event_obj_t *self = event_self(self_in);
    if (self->is_set) {
        return mp_const_true;
    }
    sync_deadline_t deadline = deadline_from_timeout(args[0]);
    sync_waiter_t waiter;
    sync_enter();
    bool is_set = self->is_set && !BUG_EVENT_SEEN_EARLY;
    if (!is_set) {
        sync_list_append(&self->waiters, &waiter);
    }
    sync_leave();
    if (!is_set) {
        // Whoever set() has taken off the list is woken, even if clear() follows at once.
        mp_obj_t exc;
        is_set = waiter_sleep(&waiter, deadline, &exc) && (self->is_set || !BUG_EVENT_LOOKS_AGAIN);
        if (exc != MP_OBJ_NULL) {
            nlr_raise(exc);
        }
    }
    return mp_obj_new_bool(is_set);
}
METHOD(event_wait, MP_QSTR_wait, 0, MP_QSTR_timeout);

static const mp_rom_map_elem_t event_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_is_set), MP_ROM_PTR(&event_is_set_obj) },
    { MP_ROM_QSTR(MP_QSTR_set), MP_ROM_PTR(&event_set_obj) },
    { MP_ROM_QSTR(MP_QSTR_clear), MP_ROM_PTR(&event_clear_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait), MP_ROM_PTR(&event_wait_obj) },
    { MP_ROM_QSTR(MP_QSTR_isSet), MP_ROM_PTR(&event_is_set_obj) },
};
static MP_DEFINE_CONST_DICT(event_locals, event_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_event,
    MP_QSTR_Event,
    MP_TYPE_FLAG_NONE,
    make_new, event_make_new,
    print, event_print,
    locals_dict, &event_locals
    );
