// Barrier.
//
// A round ends when its last thread arrives, or when it breaks: those that wait are taken off the
// list with a note that says which, and the barrier is ready for the next round at once. There is
// no draining: late leavers have what they need in their own frames.
//
// The mutex is held while the action runs, which is Python; else only for a few instructions.
//
// This file is part of micropython-threading, MIT licence.

#include "py/objexcept.h"
#include "threading.h"

// Faults that tests/explore switches on, one at a time, to see that its check finds them.
#ifndef BUG_BARRIER_TIMEOUT_LEAVES // out of line before the mutex is held
#define BUG_BARRIER_TIMEOUT_LEAVES (0)
#endif
#ifndef BUG_BARRIER_STAYS_COUNTED // who leaves with an exception has arrived
#define BUG_BARRIER_STAYS_COUNTED (0)
#endif

enum {
    NOTE_ARRIVED,
    NOTE_BROKEN,
};

typedef struct _barrier_obj_t {
    mp_obj_base_t base;
    mp_obj_t action; // or None
    mp_obj_t timeout; // default for wait()
    sync_sem_t mutex; // guards the rest
    sync_list_t waiters;
    uint32_t parties; // read-only after init
    uint32_t count; // how many have arrived in this round
    bool broken;
} barrier_obj_t;

MP_DEFINE_EXCEPTION(BrokenBarrierError, RuntimeError)

static barrier_obj_t *barrier_self(mp_obj_t self_in) {
    return native_self(self_in, &mp_type_threading_barrier);
}

static const method_t barrier_new_spec = {
    { NULL }, NULL, MP_QSTR_Barrier, 1, 3, 3, { MP_QSTR_parties, MP_QSTR_action, MP_QSTR_timeout }
};

static mp_obj_t barrier_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_obj_t vals[3];
    method_parse(&barrier_new_spec, n_args, n_kw, args, vals);
    mp_int_t parties = mp_obj_get_int(vals[0]);
    if (parties < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("parties must be >= 1"));
    }
    if ((mp_uint_t)parties > UINT32_MAX) {
        mp_raise_msg(&mp_type_OverflowError, MP_ERROR_TEXT("parties is too large"));
    }
    barrier_obj_t *self = mp_obj_malloc(barrier_obj_t, &mp_type_threading_barrier);
    self->action = vals[1] == MP_OBJ_NULL ? mp_const_none : vals[1];
    self->timeout = vals[2];
    sync_sem_init(&self->mutex, 1);
    self->waiters = (sync_list_t) { NULL, NULL };
    self->parties = parties;
    self->count = 0;
    self->broken = false;
    return MP_OBJ_FROM_PTR(self);
}

static uint32_t n_waiting(const barrier_obj_t *self) {
    return self->broken ? 0 : self->count;
}

static void barrier_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    barrier_obj_t *self = MP_OBJ_TO_PTR(self_in);
    print_head(print, self_in);
    mp_printf(print, self->broken ? "broken>" : "waiters=%u/%u>", (unsigned)self->count, (unsigned)self->parties);
}

static void barrier_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    barrier_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (attr == MP_QSTR_parties) {
        dest[0] = mp_obj_new_int_from_uint(self->parties);
    } else if (attr == MP_QSTR_n_waiting) {
        dest[0] = mp_obj_new_int_from_uint(n_waiting(self));
    } else if (attr == MP_QSTR_broken) {
        dest[0] = mp_obj_new_bool(self->broken);
    } else {
        dest[1] = MP_OBJ_SENTINEL;
    }
}

static void unlock(barrier_obj_t *self) {
    sync_sem_release(&self->mutex, 1, 1);
}

// Ends the round for all that wait. With the mutex, which it unlocks.
static MP_NOINLINE void end_round(barrier_obj_t *self, uint8_t note, bool broken) {
    self->broken = broken;
    self->count = 0;
    sync_enter();
    sync_list_wake_all(&self->waiters, note);
    sync_leave();
    unlock(self);
}

// What an exception does to a thread that has the mutex.
typedef struct _holder_t {
    nlr_jump_callback_node_t on_exception;
    barrier_obj_t *self;
} holder_t;

static void holder_unlock(void *holder) {
    unlock(((holder_t *)holder)->self);
}

static void holder_break(void *holder) {
    end_round(((holder_t *)holder)->self, NOTE_BROKEN, true);
}

// The last one to arrive. With the mutex, which it unlocks.
static void complete_round(barrier_obj_t *self) {
    holder_t holder = { .self = self };
    nlr_push_jump_callback(&holder.on_exception, holder_break);
    if (mp_obj_is_true(self->action)) {
        mp_call_function_0(self->action);
    }
    nlr_pop_jump_callback(false);
    end_round(self, NOTE_ARRIVED, false);
}

// One that waits for the rest. With the mutex, which it unlocks. Returns what ended the round.
static uint8_t wait_for_round(barrier_obj_t *self, sync_deadline_t deadline) {
    sync_waiter_t waiter;
    sync_enter();
    sync_list_append(&self->waiters, &waiter);
    sync_leave();
    unlock(self);
    for (;;) {
        // The waiter stays on the list until the mutex is held again: while an action runs its
        // round is neither complete nor broken, and a timeout has to wait for the outcome.
        sync_enter();
        sync_result_t result = deadline == SYNC_POLL && waiter.list != NULL
            ? SYNC_TIMEOUT : sync_list_sleep(&waiter, deadline);
        bool timed_out = result == SYNC_TIMEOUT;
        if (timed_out && waiter.list == NULL && !BUG_BARRIER_TIMEOUT_LEAVES) {
            sync_list_append(&self->waiters, &waiter);
        }
        sync_leave();
        if (result == SYNC_OK) {
            return waiter.note;
        }
        sync_sem_acquire_always(&self->mutex);
        if (waiter.list == NULL) {
            unlock(self);
            return waiter.note;
        }
        if (timed_out) {
            sync_enter();
            sync_list_remove(&waiter);
            sync_leave();
            end_round(self, NOTE_BROKEN, true);
            return NOTE_BROKEN;
        }
        unlock(self);
        mp_obj_t exc;
        if (!handle_pending(&exc)) {
            // Ctrl-C: this thread has not arrived; the others go on waiting.
            sync_sem_acquire_always(&self->mutex);
            if (waiter.list != NULL) {
                sync_enter();
                sync_list_remove(&waiter);
                sync_leave();
                self->count -= !BUG_BARRIER_STAYS_COUNTED;
            }
            unlock(self);
            nlr_raise(exc);
        }
    }
}

static MP_NORETURN void raise_broken(void) {
    mp_raise_type(&mp_type_BrokenBarrierError);
}

static void lock(barrier_obj_t *self) {
    sem_acquire(&self->mutex, SYNC_FOREVER);
}

// The deadline of one that has to wait. With the mutex, which it unlocks if the timeout is wrong.
static sync_deadline_t read_deadline(barrier_obj_t *self, mp_obj_t timeout) {
    holder_t holder = { .self = self };
    nlr_push_jump_callback(&holder.on_exception, holder_unlock);
    bool given = timeout != MP_OBJ_NULL && timeout != mp_const_none;
    sync_deadline_t deadline = deadline_from_timeout(given ? timeout : self->timeout);
    nlr_pop_jump_callback(false);
    return deadline;
}

static mp_obj_t barrier_wait(mp_obj_t self_in, const mp_obj_t *args) {
    barrier_obj_t *self = barrier_self(self_in);
    lock(self);
    if (self->broken) {
        unlock(self);
        raise_broken();
    }
    bool last = self->count + 1 == self->parties;
    sync_deadline_t deadline = last ? SYNC_FOREVER : read_deadline(self, args[0]);
    uint32_t index = self->count++;
    if (last) {
        complete_round(self);
    } else if (wait_for_round(self, deadline) == NOTE_BROKEN) {
        raise_broken();
    }
    return mp_obj_new_int_from_uint(index);
}
METHOD(barrier_wait, MP_QSTR_wait, 0, MP_QSTR_timeout);

static MP_NOINLINE mp_obj_t break_round(mp_obj_t self_in, bool broken) {
    barrier_obj_t *self = barrier_self(self_in);
    lock(self);
    end_round(self, NOTE_BROKEN, broken);
    return mp_const_none;
}

static mp_obj_t barrier_reset(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return break_round(self_in, false);
}
METHOD_0(barrier_reset, MP_QSTR_reset);

static mp_obj_t barrier_abort(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return break_round(self_in, true);
}
METHOD_0(barrier_abort, MP_QSTR_abort);

static const mp_rom_map_elem_t barrier_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_wait), MP_ROM_PTR(&barrier_wait_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&barrier_reset_obj) },
    { MP_ROM_QSTR(MP_QSTR_abort), MP_ROM_PTR(&barrier_abort_obj) },
};
static MP_DEFINE_CONST_DICT(barrier_locals, barrier_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_barrier,
    MP_QSTR_Barrier,
    MP_TYPE_FLAG_NONE,
    make_new, barrier_make_new,
    print, barrier_print,
    attr, barrier_attr,
    locals_dict, &barrier_locals
    );
