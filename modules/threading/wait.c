// Timeouts, and sleeping so that Ctrl-C and scheduled callbacks get their turn. The contract is in
// threading.h.
//
// This file is part of micropython-threading, MIT licence.

#include <math.h>

#include "py/mphal.h"
#include "threading.h"

#define NS_PER_S (1000000000)

int64_t ns_from_seconds(mp_obj_t seconds_in) {
    #if MICROPY_PY_BUILTINS_FLOAT
    double seconds = (double)mp_obj_get_float(seconds_in);
    double ns = ceil(seconds * NS_PER_S);
    // 2^63 is a double, 2^63 - 1 is none.
    bool fits = fabs(ns) < 9223372036854775808.0;
    if (!fits && isnan(ns)) {
        mp_raise_ValueError(MP_ERROR_TEXT("Invalid value NaN (not a number)"));
    }
    #else
    mp_int_t seconds = mp_obj_get_int(seconds_in);
    int64_t ns = (int64_t)seconds * NS_PER_S;
    bool fits = seconds <= INT64_MAX / NS_PER_S;
    #endif
    if (!fits) {
        mp_raise_msg(&mp_type_OverflowError, MP_ERROR_TEXT("timestamp out of range for C PyTime_t"));
    }
    return (int64_t)ns;
}

bool is_negative(mp_obj_t seconds) {
    #if MICROPY_PY_BUILTINS_FLOAT
    return mp_obj_get_float(seconds) < 0;
    #else
    return mp_obj_get_int(seconds) < 0;
    #endif
}

sync_deadline_t deadline_in(int64_t ns) {
    if (ns <= 0) {
        return SYNC_POLL;
    }
    int64_t now = sync_now();
    return ns < SYNC_FOREVER - now ? now + ns : SYNC_FOREVER;
}

sync_deadline_t deadline_from_timeout(mp_obj_t timeout) {
    if (timeout == MP_OBJ_NULL || timeout == mp_const_none) {
        return SYNC_FOREVER;
    }
    return deadline_in(ns_from_seconds(timeout));
}

sync_deadline_t deadline_from_blocking(mp_obj_t blocking_in, mp_obj_t timeout) {
    bool blocking = arg_is_true(blocking_in, true);
    int64_t ns = -NS_PER_S;
    if (timeout != MP_OBJ_NULL) {
        // Rounded away from zero: a little less than zero is an error, and a little less than -1.
        ns = is_negative(timeout) ? -ns_from_seconds(mp_unary_op(MP_UNARY_OP_NEGATIVE, timeout))
            : ns_from_seconds(timeout);
    }
    if (ns == -NS_PER_S) {
        return blocking ? SYNC_FOREVER : SYNC_POLL;
    }
    if (!blocking) {
        mp_raise_ValueError(MP_ERROR_TEXT("can't specify a timeout for a non-blocking call"));
    }
    if (ns < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout value must be a non-negative number"));
    }
    return deadline_in(ns);
}

bool sem_acquire(sync_sem_t *sem, sync_deadline_t deadline) {
    sync_result_t result;
    while ((result = sync_sem_acquire(sem, deadline)) == SYNC_INTERRUPTED) {
        mp_handle_pending(true);
    }
    return result == SYNC_OK;
}

bool handle_pending(mp_obj_t *exc) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_handle_pending(true);
        nlr_pop();
        return true;
    }
    *exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    return false;
}

bool waiter_sleep(sync_waiter_t *waiter, sync_deadline_t deadline, mp_obj_t *exc) {
    *exc = MP_OBJ_NULL;
    sync_enter();
    if (deadline == SYNC_POLL) {
        // Nothing that another thread does now can come before the deadline.
        if (waiter->list != NULL) {
            sync_list_remove(waiter);
            sync_leave();
            return false;
        }
    }
    sync_result_t result;
    while ((result = sync_list_sleep(waiter, deadline)) == SYNC_INTERRUPTED) {
        sync_leave();
        bool ok = handle_pending(exc);
        sync_enter();
        if (!ok) {
            if (waiter->list != NULL) {
                sync_list_remove(waiter);
            } else {
                result = SYNC_OK;
            }
            break;
        }
    }
    sync_leave();
    return result == SYNC_OK;
}

/******************************************************************************/
// What modules/sync asks of its host, where the GIL is not its guard

bool sync_host_pending(void) {
    return MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL
           || (MP_STATE_VM(sched_state) == MP_SCHED_PENDING && mp_thread_is_main_thread());
}

#if SYNC_GUARD_IS_GIL
void take_sigint(void) {
}
#else
// The stock port's handler jumps out of whatever runs, also out of a list that is being changed.
// This one leaves the exception to be raised when the main thread is ready for it.
static void on_sigint(int signum) {
    (void)signum;
    mp_sched_keyboard_interrupt();
    sync_interrupt_main();
}

// When the modules are imported, and before each sleep: the REPL sets its own with each line.
void take_sigint(void) {
    sync_on_sigint(on_sigint);
}
#endif

void sync_host_leave(void) {
    take_sigint();
    MP_THREAD_GIL_EXIT();
}

void sync_host_enter(void) {
    MP_THREAD_GIL_ENTER();
}
