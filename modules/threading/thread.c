// Thread, Timer, the registry of threads, excepthook, and the end of the program.
//
// A Thread is a Python instance of a class made at run time, and a native object with its C state.
// The registry is a list of the native objects of all threads that live, the main one first; being
// in it keeps them, and through them the instances, from the collector.
//
// This file is part of micropython-threading, MIT licence.

#include <stdio.h>
#include <string.h>

#include "py/builtin.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "threading.h"

// Faults that tests/explore switches on, one at a time, to see that its check finds them.
#ifndef BUG_THREAD_BEGIN_UNTOLD // an event that was asked for before the thread begins is never set
#define BUG_THREAD_BEGIN_UNTOLD (0)
#endif
#ifndef BUG_THREAD_END_UNTOLD // who waits for the end is not woken
#define BUG_THREAD_END_UNTOLD (0)
#endif

// As deep as the main thread's: main.c grants that one 40 KB of 32-bit words.
#define DEFAULT_STACK_SIZE (16384 * sizeof(void *))

// CPython's least stack size: 32 KiB. Every value from there on is taken.
#define MIN_STACK_SIZE (32768)

// Left between Python's limit and the end of the stack, for C code that does not check.
#define STACK_MARGIN (8192)

typedef enum {
    STATE_UNINITIALISED, // the subclass has not called Thread.__init__()
    STATE_INITIAL,
    STATE_STARTED,
    STATE_STOPPED,
} thread_state_t;

typedef struct _thread_obj_t {
    mp_obj_base_t base;
    struct _thread_obj_t *next; // registry, under the guard
    struct _thread_obj_t *prev;
    mp_obj_t instance;
    mp_obj_t name;
    mp_obj_t daemon;
    mp_obj_t context;
    mp_obj_t started; // an Event, or MP_OBJ_NULL until asked for; under the guard
    mp_obj_dict_t *globals; // of the thread that called start()
    size_t stack_limit; // read-only once started
    mp_uint_t ident; // 0: none yet
    uintptr_t native_id; // 0: the thread has not begun; written by the thread itself, under the guard
    sync_list_t waiters; // for its beginning or its end; under the guard
    mp_uint_t serial; // never used twice, unlike ident
    uint8_t state; // thread_state_t; under the guard
    bool is_dummy; // not started by start()
} thread_obj_t;

// The Thread of the running thread; NULL if it has none yet. In the registry, so not a root.
static __thread thread_obj_t *current;

static mp_uint_t name_counter;
static mp_uint_t serial_counter;
static size_t stack_size; // threading.stack_size(); 0: default

MP_REGISTER_ROOT_POINTER(struct _thread_obj_t *threading_first);
MP_REGISTER_ROOT_POINTER(struct _thread_obj_t *threading_last);
MP_REGISTER_ROOT_POINTER(struct _thread_obj_t *threading_main);
MP_REGISTER_ROOT_POINTER(mp_obj_t threading_excepthook); // that the program has set
MP_REGISTER_ROOT_POINTER(mp_obj_t threading_atexit); // a list of (func, args, kwargs), MP_OBJ_NULL; at the end None

// The native half; its constructor runs by itself only for a subclass whose __init__() does not call
// that of Thread.
static mp_obj_t thread_native_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args;
    (void)n_kw;
    (void)args;
    thread_obj_t *self = m_new0(thread_obj_t, 1);
    self->base.type = type;
    return MP_OBJ_FROM_PTR(self);
}

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_thread_native,
    MP_QSTR__Thread,
    MP_TYPE_FLAG_NONE,
    make_new, thread_native_make_new
    );

// The state of a thread whose __init__() has been called, or NULL.
static thread_obj_t *thread_self_maybe(mp_obj_t self_in) {
    thread_obj_t *self = native_self_maybe(self_in, &mp_type_thread_native);
    return self == NULL || self->state == STATE_UNINITIALISED ? NULL : self;
}

// The same, or an exception.
static thread_obj_t *thread_self_or(mp_obj_t self_in, const mp_obj_type_t *exc_type, qstr name) {
    thread_obj_t *self = thread_self_maybe(self_in);
    if (self == NULL) {
        raise_not_called(exc_type, name);
    }
    return self;
}

// AssertionError, as CPython's `assert self._initialized`.
static thread_obj_t *thread_self(mp_obj_t self_in) {
    return thread_self_or(self_in, &mp_type_AssertionError, MP_QSTR_Thread);
}

// RuntimeError, as CPython's methods that say it themselves.
static MP_NOINLINE thread_obj_t *thread_self_checked(mp_obj_t self_in) {
    return thread_self_or(self_in, &mp_type_RuntimeError, MP_QSTR_Thread);
}

/******************************************************************************/
// Registry

static void registry_add(thread_obj_t *self) {
    self->next = NULL;
    self->prev = MP_STATE_VM(threading_last);
    if (self->prev == NULL) {
        MP_STATE_VM(threading_first) = self;
    } else {
        self->prev->next = self;
    }
    MP_STATE_VM(threading_last) = self;
}

static void registry_remove(thread_obj_t *self) {
    if (self->prev == NULL) {
        MP_STATE_VM(threading_first) = self->next;
    } else {
        self->prev->next = self->next;
    }
    if (self->next == NULL) {
        MP_STATE_VM(threading_last) = self->prev;
    } else {
        self->next->prev = self->prev;
    }
    // An ended thread that somebody keeps must not keep those that came after it.
    self->next = self->prev = NULL;
}

// The end of a thread for all who look at it, in one step. Under the guard.
static MP_NOINLINE void mark_stopped(thread_obj_t *self) {
    registry_remove(self);
    self->state = STATE_STOPPED;
    if (!BUG_THREAD_END_UNTOLD) {
        sync_list_wake_all(&self->waiters, 0);
    }
}

// A dummy stands for a thread that nobody tells us the end of: the system is asked.
static void remove_dead_dummies(void) {
    sync_enter();
    thread_obj_t *next;
    for (thread_obj_t *self = MP_STATE_VM(threading_first); self != NULL; self = next) {
        next = self->next;
        if (self->is_dummy && !sync_native_alive(self->native_id)) {
            mark_stopped(self);
            local_thread_ended(self->serial);
        }
    }
    sync_leave();
}

static MP_NOINLINE size_t registry_len(void) {
    size_t n = 0;
    sync_enter();
    for (thread_obj_t *self = MP_STATE_VM(threading_first); self != NULL; self = self->next) {
        ++n;
    }
    sync_leave();
    return n;
}

#if SYNC_DEBUG
// debug.c and the variant's debug.c ask, under the GIL.
uintptr_t thread_debug_native_id(const void *thread);
uintptr_t thread_debug_native_id(const void *thread) {
    return ((const thread_obj_t *)thread)->native_id;
}

const char *threading_debug_name(uintptr_t native_id);
const char *threading_debug_name(uintptr_t native_id) {
    for (thread_obj_t *self = MP_STATE_VM(threading_first); self != NULL; self = self->next) {
        if (self->native_id == native_id) {
            return mp_obj_str_get_str(self->name);
        }
    }
    return NULL;
}
#endif

/******************************************************************************/
// Making threads

// "PREFIX-N", or "PREFIX-N (FUNCTION)". It is hardly among the interned strings: not searched for there.
static mp_obj_t numbered_name(const char *prefix, mp_obj_t function) {
    vstr_t vstr;
    vstr_init(&vstr, 32);
    vstr_printf(&vstr, function == MP_OBJ_NULL ? "%s-%u" : "%s-%u (%s)", prefix, (unsigned)++name_counter,
        function == MP_OBJ_NULL ? NULL : mp_obj_str_get_str(function));
    mp_obj_t name = mp_obj_new_str_copy(&mp_type_str, (const byte *)vstr.buf, vstr.len);
    vstr_clear(&vstr);
    return name;
}

static mp_obj_t str_of(mp_obj_t obj) {
    return mp_obj_is_str(obj) ? obj : mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_str), obj);
}

// An attribute of the instance alone: no class has one of these names.
static void set_attr(mp_obj_t instance, qstr name, mp_obj_t value) {
    mp_map_t *members = &((mp_obj_instance_t *)MP_OBJ_TO_PTR(instance))->members;
    mp_map_lookup(members, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = value;
}

// What run() calls are attributes of the instance: subclasses that override run() use them.
static void set_call(mp_obj_t instance, mp_obj_t target, mp_obj_t args, mp_obj_t kwargs) {
    if (kwargs == MP_OBJ_NULL || kwargs == mp_const_none) {
        kwargs = mp_obj_new_dict(0);
    }
    set_attr(instance, MP_QSTR__target, target == MP_OBJ_NULL ? mp_const_none : target);
    set_attr(instance, MP_QSTR__args, args == MP_OBJ_NULL ? mp_const_empty_tuple : args);
    set_attr(instance, MP_QSTR__kwargs, kwargs);
}

// A native object for the instance, with everything but the name.
static thread_obj_t *thread_new_native(mp_obj_t instance, mp_obj_t daemon) {
    thread_obj_t *self = MP_OBJ_TO_PTR(thread_native_make_new(&mp_type_thread_native, 0, 0, NULL));
    self->instance = instance;
    self->daemon = daemon;
    self->context = mp_const_none;
    self->serial = ++serial_counter;
    self->state = STATE_INITIAL;
    return self;
}

// The Thread of a thread that runs already: the main one, or one that start() has not made.
static thread_obj_t *thread_new_running(size_t class, mp_obj_t name, bool is_dummy) {
    mp_obj_instance_t *instance = MP_OBJ_TO_PTR(mp_obj_new_instance(MP_OBJ_TO_PTR(threading_class(class)), &(const mp_obj_type_t *) { NULL }));
    thread_obj_t *self = thread_new_native(MP_OBJ_FROM_PTR(instance), mp_obj_new_bool(is_dummy));
    instance->subobj[0] = MP_OBJ_FROM_PTR(self);
    set_call(self->instance, MP_OBJ_NULL, MP_OBJ_NULL, MP_OBJ_NULL);
    self->name = name;
    self->is_dummy = is_dummy;
    self->state = STATE_STARTED;
    return self;
}

static thread_obj_t *thread_current_native(void) {
    if (current != NULL) {
        return current;
    }
    if (mp_thread_is_main_thread()) {
        current = MP_STATE_VM(threading_main);
        return current;
    }
    remove_dead_dummies();
    thread_obj_t *self = thread_new_running(CLASS_DUMMY_THREAD, numbered_name("Dummy", MP_OBJ_NULL), true);
    self->ident = mp_thread_get_id();
    self->native_id = sync_native_id();
    sync_enter();
    registry_add(self);
    sync_leave();
    current = self;
    return self;
}

mp_obj_t thread_current(void) {
    return thread_current_native()->instance;
}

mp_uint_t thread_current_serial(void) {
    return thread_current_native()->serial;
}

// Called when the classes are there, in whatever thread imports the module first.
void thread_module_init(void) {
    thread_obj_t *self = thread_new_running(CLASS_MAIN_THREAD, MP_OBJ_NEW_QSTR(MP_QSTR_MainThread), false);
    self->ident = sync_main_ident();
    self->native_id = sync_main_native_id();
    MP_STATE_VM(threading_main) = self;
    registry_add(self);
}

static mp_obj_t thread_init(mp_obj_t self_in, const mp_obj_t *args) {
    enum { GROUP, TARGET, NAME, ARGS, KWARGS, DAEMON, CONTEXT };
    native_self_maybe(self_in, &mp_type_thread_native); // TypeError if it is no Thread at all
    if (args[GROUP] != MP_OBJ_NULL && args[GROUP] != mp_const_none) {
        mp_raise_msg(&mp_type_AssertionError, MP_ERROR_TEXT("group argument must be None for now"));
    }
    if (MP_STATE_VM(threading_excepthook) == mp_const_none) {
        raise_runtime_error(MP_ERROR_TEXT("threading.excepthook is None"));
    }
    bool inherits = args[DAEMON] == MP_OBJ_NULL || args[DAEMON] == mp_const_none;
    thread_obj_t *self = thread_new_native(self_in, inherits ? thread_current_native()->daemon : args[DAEMON]);
    set_call(self_in, args[TARGET], args[ARGS], args[KWARGS]);
    if (args[CONTEXT] != MP_OBJ_NULL) {
        self->context = args[CONTEXT];
    }
    if (args[NAME] != MP_OBJ_NULL && mp_obj_is_true(args[NAME])) {
        self->name = str_of(args[NAME]);
    } else {
        mp_obj_t dest[2] = { MP_OBJ_NULL, MP_OBJ_NULL };
        if (args[TARGET] != MP_OBJ_NULL && args[TARGET] != mp_const_none) {
            mp_load_method_protected(args[TARGET], MP_QSTR___name__, dest, false);
        }
        self->name = numbered_name("Thread", dest[0] == MP_OBJ_NULL ? MP_OBJ_NULL : str_of(dest[0]));
    }
    ((mp_obj_instance_t *)MP_OBJ_TO_PTR(self_in))->subobj[0] = MP_OBJ_FROM_PTR(self);
    return mp_const_none;
}
METHOD_KW(thread_init, MP_QSTR___init__, 0, 2, MP_QSTR_group, MP_QSTR_target, MP_QSTR_name, MP_QSTR_args,
    MP_QSTR_kwargs, MP_QSTR_daemon, MP_QSTR_context);

/******************************************************************************/
// Running

typedef struct _run_t {
    nlr_jump_callback_node_t on_exception;
    mp_obj_t instance;
} run_t;

// What run() has called may refer to much: it goes with the end of run(), not of the Thread.
static void forget_call(void *run_in) {
    static const uint16_t names[] = { MP_QSTR__target, MP_QSTR__args, MP_QSTR__kwargs };
    mp_map_t *members = &((mp_obj_instance_t *)MP_OBJ_TO_PTR(((run_t *)run_in)->instance))->members;
    for (size_t i = 0; i < MP_ARRAY_SIZE(names); ++i) {
        mp_map_lookup(members, MP_OBJ_NEW_QSTR(names[i]), MP_MAP_LOOKUP_REMOVE_IF_FOUND);
    }
}

static mp_obj_t thread_run(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    thread_self(self_in);
    run_t run = { .instance = self_in };
    nlr_push_jump_callback(&run.on_exception, forget_call);
    mp_obj_t target = mp_load_attr(self_in, MP_QSTR__target);
    if (target != mp_const_none) {
        call_with(target, MP_OBJ_NULL, mp_load_attr(self_in, MP_QSTR__args), mp_load_attr(self_in, MP_QSTR__kwargs));
    }
    nlr_pop_jump_callback(true);
    return mp_const_none;
}
METHOD_0(thread_run, MP_QSTR_run);

// threading.excepthook; the default if the program has set None since it made the thread.
static mp_obj_t get_excepthook(void) {
    mp_obj_t hook = MP_STATE_VM(threading_excepthook);
    return hook == MP_OBJ_NULL || hook == mp_const_none ? MP_OBJ_FROM_PTR(&threading_excepthook_obj) : hook;
}

// Hands an exception that run() has raised, SystemExit too, to threading.excepthook.
static void call_excepthook(thread_obj_t *self, mp_obj_t exc) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t items[4] = { MP_OBJ_FROM_PTR(mp_obj_get_type(exc)), exc, mp_const_none, self->instance };
        mp_obj_t args = mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_threading_except_hook_args), mp_obj_new_tuple(4, items));
        mp_call_function_1(get_excepthook(), args);
        nlr_pop();
    } else {
        mp_print_str(MICROPY_ERROR_PRINTER, "Exception in threading.excepthook:\n");
        mp_obj_print_exception(MICROPY_ERROR_PRINTER, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}

static void run(thread_obj_t *self) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t dest[3];
        if (self->context != mp_const_none) {
            mp_load_method(self->context, MP_QSTR_run, dest);
            dest[2] = mp_load_attr(self->instance, MP_QSTR_run);
            mp_call_method_n_kw(1, 0, dest);
        } else {
            mp_load_method(self->instance, MP_QSTR_run, dest);
            mp_call_method_n_kw(0, 0, dest);
        }
        nlr_pop();
    } else {
        call_excepthook(self, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}

static void *thread_entry(void *arg) {
    thread_obj_t *self = arg;
    mp_state_thread_t ts;
    memset(&ts, 0, sizeof(ts));
    mp_thread_init_state(&ts, self->stack_limit, self->globals, self->globals);
    MP_THREAD_GIL_ENTER();
    mp_thread_start();
    current = self;
    self->ident = mp_thread_get_id();
    sync_set_native_name(mp_obj_str_get_str(self->name));
    sync_enter();
    self->native_id = sync_native_id();
    if (self->started != MP_OBJ_NULL && !BUG_THREAD_BEGIN_UNTOLD) {
        event_set_guarded(self->started);
    }
    sync_list_wake_all(&self->waiters, 0);
    sync_leave();

    run(self);

    sync_enter();
    mark_stopped(self);
    local_thread_ended(self->serial);
    sync_leave();
    current = NULL;
    mp_thread_finish();
    MP_THREAD_GIL_EXIT();
    return NULL;
}

static void install_exit_function(void);

static void create(thread_obj_t *self) {
    install_exit_function();
    size_t size = stack_size == 0 ? DEFAULT_STACK_SIZE : stack_size;
    self->stack_limit = size - STACK_MARGIN;
    self->globals = mp_globals_get();
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        self->ident = mp_thread_create(thread_entry, self, &size);
        nlr_pop();
    } else {
        sync_enter();
        registry_remove(self);
        self->state = STATE_INITIAL;
        sync_leave();
        // The stock port says OSError.
        raise_runtime_error(MP_ERROR_TEXT("can't start new thread"));
    }
}

// Sleeps until the thread has begun, or ended; false: the deadline came before.
static bool wait_for(thread_obj_t *self, bool for_end, sync_deadline_t deadline) {
    for (;;) {
        sync_enter();
        sync_result_t result = SYNC_OK;
        bool done = for_end ? self->state == STATE_STOPPED : self->native_id != 0;
        if (!done) {
            result = deadline == SYNC_POLL ? SYNC_TIMEOUT : sync_list_wait(&self->waiters, deadline);
        }
        sync_leave();
        if (done || result == SYNC_TIMEOUT) {
            return done;
        }
        if (result == SYNC_INTERRUPTED) {
            mp_handle_pending(true);
        }
    }
}

static mp_obj_t thread_start(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    thread_obj_t *self = thread_self_or(self_in, &mp_type_RuntimeError, MP_QSTR_thread);
    sync_enter();
    bool first = self->state == STATE_INITIAL;
    if (first) {
        self->state = STATE_STARTED;
        registry_add(self);
    }
    sync_leave();
    if (!first) {
        raise_runtime_error(MP_ERROR_TEXT("threads can only be started once"));
    }
    create(self);
    // As CPython's: the thread has begun when start() returns. Who starts threads faster than they
    // can run would otherwise pile them up.
    wait_for(self, false, SYNC_FOREVER);
    return mp_const_none;
}
METHOD_0(thread_start, MP_QSTR_start);

static mp_obj_t thread_join(mp_obj_t self_in, const mp_obj_t *args) {
    thread_obj_t *self = thread_self_checked(self_in);
    if (self->is_dummy) {
        raise_runtime_error(MP_ERROR_TEXT("cannot join a dummy thread"));
    }
    if (self->state == STATE_INITIAL) {
        raise_runtime_error(MP_ERROR_TEXT("cannot join thread before it is started"));
    }
    if (self == thread_current_native()) {
        raise_runtime_error(MP_ERROR_TEXT("cannot join current thread"));
    }
    wait_for(self, true, deadline_from_timeout(args[0]));
    return mp_const_none;
}
METHOD(thread_join, MP_QSTR_join, 0, MP_QSTR_timeout);

/******************************************************************************/
// The rest of Thread

static mp_obj_t thread_repr(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    thread_obj_t *self = thread_self_maybe(self_in);
    if (self == NULL) {
        mp_raise_msg(&mp_type_AssertionError, MP_ERROR_TEXT("Thread.__init__() was not called"));
    }
    vstr_t vstr;
    mp_print_t print;
    vstr_init_print(&vstr, 64, &print);
    static const char status[][8] = { "initial", "started", "stopped" };
    mp_printf(&print, "<%q(%s, %s%s", (qstr)mp_obj_get_type(self_in)->name, mp_obj_str_get_str(self->name),
        status[self->state - STATE_INITIAL], mp_obj_is_true(self->daemon) ? " daemon" : "");
    if (self->ident != 0) {
        mp_print_str(&print, " ");
        mp_obj_print_helper(&print, mp_obj_new_int_from_uint(self->ident), PRINT_STR);
    }
    mp_print_str(&print, ")>");
    return mp_obj_new_str_from_vstr(&vstr);
}
METHOD_0(thread_repr, MP_QSTR___repr__);

static mp_obj_t thread_is_alive(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(thread_self(self_in)->state == STATE_STARTED);
}
METHOD_0(thread_is_alive, MP_QSTR_is_alive);

static mp_obj_t thread_ident(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    thread_obj_t *self = thread_self(self_in);
    return self->ident == 0 ? mp_const_none : mp_obj_new_int_from_uint(self->ident);
}
METHOD_0(thread_ident, MP_QSTR_ident);

static mp_obj_t thread_native_id(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    thread_obj_t *self = thread_self(self_in);
    return self->native_id == 0 ? mp_const_none : mp_obj_new_int_from_uint(self->native_id);
}
METHOD_0(thread_native_id, MP_QSTR_native_id);

// thread._started: programs ask whether it is set.
static mp_obj_t thread_started(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    thread_obj_t *self = thread_self(self_in);
    mp_obj_t event = event_new();
    sync_enter();
    if (self->started == MP_OBJ_NULL) {
        self->started = event;
    }
    if (self->native_id != 0) {
        event_set_guarded(self->started);
    }
    sync_leave();
    return self->started;
}
METHOD_0(thread_started, MP_QSTR__started);

static mp_obj_t thread_get_name(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return thread_self(self_in)->name;
}
METHOD_0(thread_get_name, MP_QSTR_getName);

static mp_obj_t thread_set_name(mp_obj_t self_in, const mp_obj_t *args) {
    thread_obj_t *self = thread_self(self_in);
    self->name = str_of(args[0]);
    if (self == current) {
        sync_set_native_name(mp_obj_str_get_str(self->name));
    }
    return mp_const_none;
}
METHOD(thread_set_name, MP_QSTR_setName, 1, MP_QSTR_name);

static mp_obj_t thread_get_daemon(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return thread_self(self_in)->daemon;
}
METHOD_0(thread_get_daemon, MP_QSTR_isDaemon);

static mp_obj_t thread_set_daemon(mp_obj_t self_in, const mp_obj_t *args) {
    thread_obj_t *self = thread_self_checked(self_in);
    if (self->state != STATE_INITIAL) {
        raise_runtime_error(MP_ERROR_TEXT("cannot set daemon status of active thread"));
    }
    self->daemon = args[0];
    return mp_const_none;
}
METHOD(thread_set_daemon, MP_QSTR_setDaemon, 1, MP_QSTR_daemonic);

static const mp_rom_map_elem_t thread_table[] = {
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&thread_init_obj) },
    { MP_ROM_QSTR(MP_QSTR___repr__), MP_ROM_PTR(&thread_repr_obj) },
    { MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&thread_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&thread_run_obj) },
    { MP_ROM_QSTR(MP_QSTR_join), MP_ROM_PTR(&thread_join_obj) },
    { MP_ROM_QSTR(MP_QSTR_is_alive), MP_ROM_PTR(&thread_is_alive_obj) },
    { MP_ROM_QSTR(MP_QSTR_getName), MP_ROM_PTR(&thread_get_name_obj) },
    { MP_ROM_QSTR(MP_QSTR_setName), MP_ROM_PTR(&thread_set_name_obj) },
    { MP_ROM_QSTR(MP_QSTR_isDaemon), MP_ROM_PTR(&thread_get_daemon_obj) },
    { MP_ROM_QSTR(MP_QSTR_setDaemon), MP_ROM_PTR(&thread_set_daemon_obj) },
};

static const class_property_t thread_properties[] = {
    { MP_QSTR_name, MP_ROM_PTR(&thread_get_name_obj), MP_ROM_PTR(&thread_set_name_obj) },
    { MP_QSTR_daemon, MP_ROM_PTR(&thread_get_daemon_obj), MP_ROM_PTR(&thread_set_daemon_obj) },
    { MP_QSTR_ident, MP_ROM_PTR(&thread_ident_obj), MP_ROM_NONE },
    { MP_QSTR_native_id, MP_ROM_PTR(&thread_native_id_obj), MP_ROM_NONE },
    { MP_QSTR__started, MP_ROM_PTR(&thread_started_obj), MP_ROM_NONE },
};

/******************************************************************************/
// Timer: its state are attributes of the instance, which programs read and set

static mp_obj_t timer_init(mp_obj_t self_in, const mp_obj_t *args) {
    mp_obj_t none[METHOD_MAX_PARAMS] = { MP_OBJ_NULL };
    thread_init(self_in, none);
    mp_store_attr(self_in, MP_QSTR_interval, args[0]);
    mp_store_attr(self_in, MP_QSTR_function, args[1]);
    mp_obj_t fun_args = args[2], fun_kwargs = args[3];
    if (fun_args == MP_OBJ_NULL || fun_args == mp_const_none) {
        fun_args = mp_obj_new_list(0, NULL);
    }
    mp_store_attr(self_in, MP_QSTR_args, fun_args);
    if (fun_kwargs == MP_OBJ_NULL || fun_kwargs == mp_const_none) {
        fun_kwargs = mp_obj_new_dict(0);
    }
    mp_store_attr(self_in, MP_QSTR_kwargs, fun_kwargs);
    mp_store_attr(self_in, MP_QSTR_finished, event_new());
    return mp_const_none;
}
METHOD(timer_init, MP_QSTR___init__, 2, MP_QSTR_interval, MP_QSTR_function, MP_QSTR_args, MP_QSTR_kwargs);

// self.finished.NAME(*args), args of length n_args <= 1
static mp_obj_t call_finished(mp_obj_t self_in, qstr name, size_t n_args, mp_obj_t arg) {
    mp_obj_t dest[3];
    mp_load_method(mp_load_attr(self_in, MP_QSTR_finished), name, dest);
    dest[2] = arg;
    return mp_call_method_n_kw(n_args, 0, dest);
}

static mp_obj_t timer_cancel(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    call_finished(self_in, MP_QSTR_set, 0, MP_OBJ_NULL);
    return mp_const_none;
}
METHOD_0(timer_cancel, MP_QSTR_cancel);

static mp_obj_t timer_run(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    call_finished(self_in, MP_QSTR_wait, 1, mp_load_attr(self_in, MP_QSTR_interval));
    if (!mp_obj_is_true(call_finished(self_in, MP_QSTR_is_set, 0, MP_OBJ_NULL))) {
        call_with(mp_load_attr(self_in, MP_QSTR_function), MP_OBJ_NULL, mp_load_attr(self_in, MP_QSTR_args),
            mp_load_attr(self_in, MP_QSTR_kwargs));
    }
    call_finished(self_in, MP_QSTR_set, 0, MP_OBJ_NULL);
    return mp_const_none;
}
METHOD_0(timer_run, MP_QSTR_run);

static const mp_rom_map_elem_t timer_table[] = {
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&timer_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_cancel), MP_ROM_PTR(&timer_cancel_obj) },
    { MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&timer_run_obj) },
};

/******************************************************************************/
// Functions of the module

static mp_obj_t threading_current_thread(void) {
    return thread_current();
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_current_thread_obj, threading_current_thread);

static mp_obj_t threading_main_thread(void) {
    return MP_STATE_VM(threading_main)->instance;
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_main_thread_obj, threading_main_thread);

static mp_obj_t threading_get_ident(void) {
    return mp_obj_new_int_from_uint(mp_thread_get_id());
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_get_ident_obj, threading_get_ident);

static mp_obj_t threading_get_native_id(void) {
    return mp_obj_new_int_from_uint(sync_native_id());
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_get_native_id_obj, threading_get_native_id);

static mp_obj_t threading_active_count(void) {
    remove_dead_dummies();
    return mp_obj_new_int_from_uint(registry_len());
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_active_count_obj, threading_active_count);

static mp_obj_t threading_enumerate(void) {
    remove_dead_dummies();
    for (;;) {
        // The list is made before the guard is entered; threads that come meanwhile need a longer one.
        size_t len = registry_len(), n = 0;
        mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list(len, NULL));
        sync_enter();
        thread_obj_t *self = MP_STATE_VM(threading_first);
        for (; self != NULL && n < len; self = self->next) {
            list->items[n++] = self->instance;
        }
        bool complete = self == NULL;
        sync_leave();
        if (complete) {
            for (size_t i = n; i < len; ++i) {
                list->items[i] = MP_OBJ_NULL;
            }
            list->len = n;
            return MP_OBJ_FROM_PTR(list);
        }
    }
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_enumerate_obj, threading_enumerate);

// Without an argument: back to the default, as in CPython.
static mp_obj_t threading_stack_size(size_t n_args, const mp_obj_t *args) {
    mp_int_t size = n_args == 0 ? 0 : mp_obj_get_int(args[0]);
    if (size != 0 && size < MIN_STACK_SIZE) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("size must be at least %d bytes"), MIN_STACK_SIZE);
    }
    mp_obj_t old = mp_obj_new_int_from_uint(stack_size);
    stack_size = size;
    return old;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(threading_stack_size_obj, 0, 1, threading_stack_size);

/******************************************************************************/
// excepthook

static const qstr except_hook_fields[] = {
    MP_QSTR_exc_type, MP_QSTR_exc_value, MP_QSTR_exc_traceback, MP_QSTR_thread
};
enum { EXC_TYPE, EXC_VALUE, EXC_TRACEBACK, EXC_THREAD, EXC_FIELDS };

// ExceptHookArgs((exc_type, exc_value, exc_traceback, thread))
static mp_obj_t except_hook_args_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    if (!MP_OBJ_TYPE_HAS_SLOT(mp_obj_get_type(args[0]), iter)) {
        mp_raise_TypeError(MP_ERROR_TEXT("constructor requires a sequence"));
    }
    mp_obj_t seq = mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_tuple), args[0]);
    size_t len;
    mp_obj_t *items;
    mp_obj_tuple_get(seq, &len, &items);
    if (len != EXC_FIELDS) {
        mp_raise_msg_varg(&mp_type_TypeError,
            MP_ERROR_TEXT("_thread._ExceptHookArgs() takes a 4-sequence (%d-sequence given)"), (int)len);
    }
    mp_obj_tuple_t *self = MP_OBJ_TO_PTR(mp_obj_new_tuple(len, items));
    self->base.type = type;
    return MP_OBJ_FROM_PTR(self);
}

static void except_hook_args_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    mp_print_str(print, "_thread._ExceptHookArgs");
    mp_obj_attrtuple_print_helper(print, except_hook_fields, MP_OBJ_TO_PTR(self_in));
}

static void except_hook_args_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    mp_obj_tuple_t *self = MP_OBJ_TO_PTR(self_in);
    for (size_t i = 0; dest[0] == MP_OBJ_NULL && i < EXC_FIELDS; ++i) {
        if (attr == except_hook_fields[i]) {
            dest[0] = self->items[i];
        }
    }
}

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_threading_except_hook_args,
    MP_QSTR__ExceptHookArgs,
    MP_TYPE_FLAG_ITER_IS_GETITER | MP_TYPE_FLAG_EQ_CHECKS_OTHER_TYPE, // equal to a tuple
    make_new, except_hook_args_make_new,
    print, except_hook_args_print,
    attr, except_hook_args_attr,
    unary_op, mp_obj_tuple_unary_op,
    binary_op, mp_obj_tuple_binary_op,
    subscr, mp_obj_tuple_subscr,
    iter, mp_obj_tuple_getiter,
    parent, &mp_type_tuple
    );

static mp_obj_t threading_excepthook(mp_obj_t args_in) {
    if (!mp_obj_is_type(args_in, &mp_type_threading_except_hook_args)) {
        mp_raise_TypeError(MP_ERROR_TEXT("_thread.excepthook argument type must be ExceptHookArgs"));
    }
    mp_obj_t *args = ((mp_obj_tuple_t *)MP_OBJ_TO_PTR(args_in))->items;
    if (args[EXC_TYPE] == MP_OBJ_FROM_PTR(&mp_type_SystemExit)) {
        return mp_const_none;
    }
    // One write for all of it: other threads may be writing.
    vstr_t vstr;
    mp_print_t print;
    vstr_init_print(&vstr, 128, &print);
    mp_print_str(&print, "Exception in thread ");
    mp_obj_t name = args[EXC_THREAD] == mp_const_none ? threading_get_ident() : mp_load_attr(args[EXC_THREAD], MP_QSTR_name);
    mp_obj_print_helper(&print, name, PRINT_STR);
    mp_print_str(&print, ":\n");
    if (mp_obj_is_exception_instance(args[EXC_VALUE])) {
        mp_obj_print_exception(&print, args[EXC_VALUE]);
        // Without a message CPython's line ends with the name.
        if (vstr.len > 3 && memcmp(vstr.buf + vstr.len - 3, ": \n", 3) == 0) {
            vstr.len -= 2;
            vstr.buf[vstr.len - 1] = '\n';
        }
    } else if (mp_obj_is_type(args[EXC_TYPE], &mp_type_type)) {
        mp_printf(&print, "%q\n", (qstr)((mp_obj_type_t *)MP_OBJ_TO_PTR(args[EXC_TYPE]))->name);
    }
    mp_print_strn(MICROPY_ERROR_PRINTER, vstr.buf, vstr.len, 0, 0, 0);
    vstr_clear(&vstr);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(threading_excepthook_obj, threading_excepthook);

/******************************************************************************/
// The end of the program

// _register_atexit(func, *args, **kwargs): to be called before the threads are joined, the last first.
static mp_obj_t threading_register_atexit(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    if (MP_STATE_VM(threading_atexit) == mp_const_none) {
        raise_runtime_error(MP_ERROR_TEXT("can't register atexit after shutdown"));
    }
    mp_obj_t call[3] = { args[0], mp_obj_new_tuple(n_args - 1, args + 1), dict_from_kwargs(kwargs) };
    mp_obj_t call_tuple = mp_obj_new_tuple(3, call);
    if (MP_STATE_VM(threading_atexit) == MP_OBJ_NULL) {
        MP_STATE_VM(threading_atexit) = mp_obj_new_list(0, NULL);
    }
    install_exit_function();
    mp_obj_list_append(MP_STATE_VM(threading_atexit), call_tuple);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_KW(threading_register_atexit_obj, 1, threading_register_atexit);

static void run_atexit(void) {
    mp_obj_t list = MP_STATE_VM(threading_atexit);
    MP_STATE_VM(threading_atexit) = mp_const_none;
    if (list != MP_OBJ_NULL) {
        size_t len;
        mp_obj_t *calls;
        mp_obj_list_get(list, &len, &calls);
        while (len-- > 0) {
            mp_obj_t *call = ((mp_obj_tuple_t *)MP_OBJ_TO_PTR(calls[len]))->items;
            call_with(call[0], MP_OBJ_NULL, call[1], call[2]);
        }
    }
}

// Called once by the main thread when its script is over: from here on join() on it returns; then the
// non-daemon threads are joined, those that start meanwhile included.
void mp_threading_shutdown(void);
void mp_threading_shutdown(void) {
    thread_obj_t *main = MP_STATE_VM(threading_main);
    if (main == NULL || main->state == STATE_STOPPED) {
        return; // `threading` was never imported
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        run_atexit();
        sync_enter();
        main->state = STATE_STOPPED;
        sync_list_wake_all(&main->waiters, 0);
        sync_leave();
        thread_obj_t *self = MP_STATE_VM(threading_first);
        while (self != NULL) {
            if (self != main && self != current && !mp_obj_is_true(self->daemon)) {
                wait_for(self, true, SYNC_FOREVER);
                self = MP_STATE_VM(threading_first);
            } else {
                self = self->next;
            }
        }
        nlr_pop();
    } else {
        mp_print_str(MICROPY_ERROR_PRINTER, "Exception ignored while joining a thread in _thread._shutdown():\n");
        mp_obj_print_exception(MICROPY_ERROR_PRINTER, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}

// _shutdown()
static mp_obj_t threading_shutdown(void) {
    mp_threading_shutdown();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(threading_shutdown_obj, threading_shutdown);

#if MICROPY_PY_SYS_ATEXIT && !MICROPY_THREADING_SHUTDOWN_BY_PORT
// A port that knows nothing of us calls sys.atexit's function at the end: ours goes before it. A
// program that sets its own later gets it back in line with the next start().
MP_REGISTER_ROOT_POINTER(mp_obj_t threading_next_exitfunc);

static mp_obj_t exit_function(void) {
    mp_threading_shutdown();
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        if (mp_obj_is_callable(MP_STATE_VM(threading_next_exitfunc))) {
            mp_call_function_0(MP_STATE_VM(threading_next_exitfunc));
        }
        nlr_pop();
    } else {
        mp_obj_print_exception(MICROPY_ERROR_PRINTER, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(exit_function_obj, exit_function);

static void install_exit_function(void) {
    if (MP_STATE_VM(sys_exitfunc) != MP_OBJ_FROM_PTR(&exit_function_obj)) {
        MP_STATE_VM(threading_next_exitfunc) = MP_STATE_VM(sys_exitfunc);
        MP_STATE_VM(sys_exitfunc) = MP_OBJ_FROM_PTR(&exit_function_obj);
    }
}
#else
static void install_exit_function(void) {
}
#endif

/******************************************************************************/
// Classes

const class_spec_t thread_classes[CLASS_LOCAL] = {
    [CLASS_THREAD] = {
        MP_QSTR_Thread, MP_ARRAY_SIZE(thread_table), MP_ARRAY_SIZE(thread_properties), thread_table, thread_properties
    },
    [CLASS_MAIN_THREAD] = { MP_QSTR__MainThread, 0, 0, NULL, NULL },
    [CLASS_DUMMY_THREAD] = { MP_QSTR__DummyThread, 0, 0, NULL, NULL },
    [CLASS_TIMER] = { MP_QSTR_Timer, MP_ARRAY_SIZE(timer_table), 0, timer_table, NULL },
};
