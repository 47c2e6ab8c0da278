// Lock and RLock.
//
// This file is part of micropython-threading, MIT licence.

#include <string.h>

#include "py/mpthread.h"
#include "lock.h"

// Faults that tests/explore switches on, one at a time, to see that its check finds them.
#ifndef BUG_RLOCK_OWNER_LATE // the owner is cleared when the next one has the lock already
#define BUG_RLOCK_OWNER_LATE (0)
#endif

/******************************************************************************/
// Lock

static MP_NOINLINE lock_obj_t *lock_self(mp_obj_t self_in) {
    return native_self(self_in, &mp_type_threading_lock);
}

mp_obj_t lock_new(void) {
    lock_obj_t *self = mp_obj_malloc(lock_obj_t, &mp_type_threading_lock);
    sync_sem_init(&self->sem, 1);
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t lock_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return lock_new();
}

static void lock_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    lock_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<%s _thread.lock object at 0x%p>",
        sync_sem_is_taken(&self->sem) ? "locked" : "unlocked", self);
}

static mp_obj_t lock_acquire(mp_obj_t self_in, const mp_obj_t *args) {
    lock_obj_t *self = lock_self(self_in);
    return mp_obj_new_bool(sem_acquire(&self->sem, deadline_from_blocking(args[0], args[1])));
}
METHOD(lock_acquire, MP_QSTR_acquire, 0, MP_QSTR_blocking, MP_QSTR_timeout);

static mp_obj_t lock_release(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    if (!sync_sem_release(&lock_self(self_in)->sem, 1, 1)) {
        raise_runtime_error(MP_ERROR_TEXT("release unlocked lock"));
    }
    return mp_const_none;
}
METHOD_0(lock_release, MP_QSTR_release);

static mp_obj_t lock_exit(mp_obj_t self_in, const mp_obj_t *args) {
    return lock_release(self_in, args);
}
METHOD_EXIT(lock_exit);

static mp_obj_t lock_locked(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(sync_sem_is_taken(&lock_self(self_in)->sem));
}
METHOD_0(lock_locked, MP_QSTR_locked);

static const mp_rom_map_elem_t lock_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&lock_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&lock_exit_obj) },
    { MP_ROM_QSTR(MP_QSTR_acquire), MP_ROM_PTR(&lock_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&lock_release_obj) },
    { MP_ROM_QSTR(MP_QSTR_locked), MP_ROM_PTR(&lock_locked_obj) },
    { MP_ROM_QSTR(MP_QSTR_acquire_lock), MP_ROM_PTR(&lock_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release_lock), MP_ROM_PTR(&lock_release_obj) },
    { MP_ROM_QSTR(MP_QSTR_locked_lock), MP_ROM_PTR(&lock_locked_obj) },
};
static MP_DEFINE_CONST_DICT(lock_locals, lock_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_lock,
    MP_QSTR_lock,
    MP_TYPE_FLAG_NONE,
    make_new, lock_make_new,
    print, lock_print,
    locals_dict, &lock_locals
    );

/******************************************************************************/
// RLock: the lock, its owner, and how often the owner has it

typedef struct _rlock_obj_t {
    mp_obj_base_t base;
    sync_sem_t sem;
    mp_uint_t owner; // 0: nobody; written by the owner, so a thread knows whether it is itself
    mp_uint_t count; // by the owner
} rlock_obj_t;

static MP_NOINLINE rlock_obj_t *rlock_self(mp_obj_t self_in) {
    return native_self(self_in, &mp_type_threading_rlock);
}

mp_obj_t any_lock_new(void) {
    rlock_obj_t *self = mp_obj_malloc(rlock_obj_t, &mp_type_threading_rlock);
    sync_sem_init(&self->sem, 1);
    self->owner = 0;
    self->count = 0;
    return MP_OBJ_FROM_PTR(self);
}

// Arguments are accepted, as by CPython's type: a subclass may pass its own.
static mp_obj_t rlock_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)n_args;
    (void)n_kw;
    (void)args;
    return any_lock_new();
}

static void rlock_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    rlock_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t owner = mp_obj_new_int_from_uint(self->owner);
    mp_printf(print, "<%s _thread.RLock object owner=", self->count > 0 ? "locked" : "unlocked");
    mp_obj_print_helper(print, owner, PRINT_STR);
    mp_printf(print, " count=%u at 0x%p>", (unsigned)self->count, self);
}

static bool rlock_owned(const rlock_obj_t *self) {
    return self->owner == mp_thread_get_id();
}

static void rlock_set(rlock_obj_t *self, mp_uint_t count) {
    self->owner = mp_thread_get_id();
    self->count = count;
}

static mp_obj_t rlock_acquire(mp_obj_t self_in, const mp_obj_t *args) {
    rlock_obj_t *self = rlock_self(self_in);
    sync_deadline_t deadline = deadline_from_blocking(args[0], args[1]);
    if (rlock_owned(self)) {
        ++self->count;
    } else if (sem_acquire(&self->sem, deadline)) {
        rlock_set(self, 1);
    } else {
        return mp_const_false;
    }
    return mp_const_true;
}
METHOD(rlock_acquire, MP_QSTR_acquire, 0, MP_QSTR_blocking, MP_QSTR_timeout);

// Gives up n levels; all at once for Condition.wait().
static void rlock_give(rlock_obj_t *self, mp_uint_t n) {
    if (!rlock_owned(self)) {
        raise_runtime_error(MP_ERROR_TEXT("cannot release un-acquired lock"));
    }
    self->count -= n;
    if (self->count == 0) {
        if (!BUG_RLOCK_OWNER_LATE) {
            self->owner = 0;
        }
        sync_sem_release(&self->sem, 1, 1);
        if (BUG_RLOCK_OWNER_LATE) {
            self->owner = 0;
        }
    }
}

static mp_obj_t rlock_release(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    rlock_give(rlock_self(self_in), 1);
    return mp_const_none;
}
METHOD_0(rlock_release, MP_QSTR_release);

static mp_obj_t rlock_exit(mp_obj_t self_in, const mp_obj_t *args) {
    return rlock_release(self_in, args);
}
METHOD_EXIT(rlock_exit);

static mp_obj_t rlock_locked(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(rlock_self(self_in)->count > 0);
}
METHOD_0(rlock_locked, MP_QSTR_locked);

static mp_obj_t rlock_is_owned(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(rlock_owned(rlock_self(self_in)));
}
METHOD_0(rlock_is_owned, MP_QSTR__is_owned);

static mp_obj_t rlock_recursion_count(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    rlock_obj_t *self = rlock_self(self_in);
    return MP_OBJ_NEW_SMALL_INT(rlock_owned(self) ? self->count : 0);
}
METHOD_0(rlock_recursion_count, MP_QSTR__recursion_count);

// What _acquire_restore() needs: CPython's (count, owner).
static mp_obj_t rlock_give_all(rlock_obj_t *self) {
    mp_obj_t state[2] = { MP_OBJ_NEW_SMALL_INT(self->count), mp_obj_new_int_from_uint(self->owner) };
    mp_obj_t tuple = mp_obj_new_tuple(2, state);
    rlock_give(self, self->count);
    return tuple;
}

static void rlock_take_again(rlock_obj_t *self, mp_obj_t state) {
    size_t len;
    mp_obj_t *items;
    mp_obj_get_array(state, &len, &items);
    mp_int_t count = len == 2 ? mp_obj_get_int(items[0]) : 0;
    if (count <= 0) {
        mp_raise_TypeError(NULL);
    }
    sync_sem_acquire_always(&self->sem);
    rlock_set(self, count);
}

static mp_obj_t rlock_release_save(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return rlock_give_all(rlock_self(self_in));
}
METHOD_0(rlock_release_save, MP_QSTR__release_save);

static mp_obj_t rlock_acquire_restore(mp_obj_t self_in, const mp_obj_t *args) {
    rlock_take_again(rlock_self(self_in), args[0]);
    return mp_const_none;
}
METHOD(rlock_acquire_restore, MP_QSTR__acquire_restore, 1, MP_QSTR_state);

static const mp_rom_map_elem_t rlock_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&rlock_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&rlock_exit_obj) },
    { MP_ROM_QSTR(MP_QSTR_acquire), MP_ROM_PTR(&rlock_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&rlock_release_obj) },
    { MP_ROM_QSTR(MP_QSTR_locked), MP_ROM_PTR(&rlock_locked_obj) },
    { MP_ROM_QSTR(MP_QSTR__is_owned), MP_ROM_PTR(&rlock_is_owned_obj) },
    { MP_ROM_QSTR(MP_QSTR__recursion_count), MP_ROM_PTR(&rlock_recursion_count_obj) },
    { MP_ROM_QSTR(MP_QSTR__release_save), MP_ROM_PTR(&rlock_release_save_obj) },
    { MP_ROM_QSTR(MP_QSTR__acquire_restore), MP_ROM_PTR(&rlock_acquire_restore_obj) },
};
static MP_DEFINE_CONST_DICT(rlock_locals, rlock_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_rlock,
    MP_QSTR_RLock,
    MP_TYPE_FLAG_NONE,
    make_new, rlock_make_new,
    print, rlock_print,
    locals_dict, &rlock_locals
    );

/******************************************************************************/
// Any object that is used as a lock: see lock.h

static mp_obj_t call_0(mp_obj_t lock, qstr name) {
    mp_obj_t dest[2];
    mp_load_method(lock, name, dest);
    return mp_call_method_n_kw(0, 0, dest);
}

static bool has_method(mp_obj_t lock, qstr name, mp_obj_t *dest) {
    mp_load_method_maybe(lock, name, dest);
    return dest[0] != MP_OBJ_NULL;
}

mp_obj_t any_lock_enter(mp_obj_t lock) {
    static const mp_obj_t not_given[2];
    // What a Condition() makes for itself takes the short way.
    return mp_obj_is_type(lock, &mp_type_threading_rlock) ? rlock_acquire(lock, not_given)
        : call_0(lock, MP_QSTR___enter__);
}

mp_obj_t any_lock_exit(mp_obj_t lock, const mp_obj_t *args) {
    if (mp_obj_is_type(lock, &mp_type_threading_rlock)) {
        return rlock_release(lock, NULL);
    }
    mp_obj_t dest[5];
    mp_load_method(lock, MP_QSTR___exit__, dest);
    memcpy(&dest[2], args, 3 * sizeof(*args));
    return mp_call_method_n_kw(3, 0, dest);
}

bool any_lock_is_owned(mp_obj_t lock) {
    if (mp_obj_is_type(lock, &mp_type_threading_rlock)) {
        return rlock_owned(MP_OBJ_TO_PTR(lock));
    }
    if (mp_obj_is_type(lock, &mp_type_threading_lock)) {
        return sync_sem_is_taken(&((lock_obj_t *)MP_OBJ_TO_PTR(lock))->sem);
    }
    mp_obj_t dest[3];
    if (has_method(lock, MP_QSTR__is_owned, dest)) {
        return mp_obj_is_true(mp_call_method_n_kw(0, 0, dest));
    }
    mp_load_method(lock, MP_QSTR_acquire, dest);
    dest[2] = mp_const_false;
    if (mp_obj_is_true(mp_call_method_n_kw(1, 0, dest))) {
        call_0(lock, MP_QSTR_release);
        return false;
    }
    return true;
}

mp_obj_t any_lock_release_save(mp_obj_t lock) {
    if (mp_obj_is_type(lock, &mp_type_threading_rlock)) {
        return rlock_give_all(MP_OBJ_TO_PTR(lock));
    }
    if (mp_obj_is_type(lock, &mp_type_threading_lock)) {
        return lock_release(lock, NULL);
    }
    mp_obj_t dest[2];
    if (has_method(lock, MP_QSTR__release_save, dest)) {
        return mp_call_method_n_kw(0, 0, dest);
    }
    return call_0(lock, MP_QSTR_release);
}

void any_lock_acquire_restore(mp_obj_t lock, mp_obj_t state) {
    if (mp_obj_is_type(lock, &mp_type_threading_rlock)) {
        rlock_take_again(MP_OBJ_TO_PTR(lock), state);
        return;
    }
    if (mp_obj_is_type(lock, &mp_type_threading_lock)) {
        sync_sem_acquire_always(&((lock_obj_t *)MP_OBJ_TO_PTR(lock))->sem);
        return;
    }
    mp_obj_t dest[3];
    if (has_method(lock, MP_QSTR__acquire_restore, dest)) {
        dest[2] = state;
        mp_call_method_n_kw(1, 0, dest);
    } else {
        call_0(lock, MP_QSTR_acquire);
    }
}
