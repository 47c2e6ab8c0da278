// What Condition and Queue do with a lock: at once with a Lock or RLock of ours, by its methods with
// any other object that has acquire() and release().
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADING_LOCK_H
#define INCLUDED_THREADING_LOCK_H

#include "threading.h"

// What Condition() makes for itself: an RLock.
mp_obj_t any_lock_new(void);

// with lock: its __enter__(), and its __exit__() with three arguments.
mp_obj_t any_lock_enter(mp_obj_t lock);
mp_obj_t any_lock_exit(mp_obj_t lock, const mp_obj_t *args);

// Whether the calling thread holds the lock; for a lock without an owner, whether anybody does.
bool any_lock_is_owned(mp_obj_t lock);

// Gives up every level of the lock; returns what any_lock_acquire_restore() needs to take them again,
// which goes on through every interruption.
mp_obj_t any_lock_release_save(mp_obj_t lock);
void any_lock_acquire_restore(mp_obj_t lock, mp_obj_t state);

#endif // INCLUDED_THREADING_LOCK_H
