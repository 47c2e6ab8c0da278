// What the files of modules/threading and modules/queue share: methods in C for classes that Python
// may subclass, timeouts, and sleeping so that Ctrl-C works.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADING_H
#define INCLUDED_THREADING_H

#include "py/obj.h"
#include "py/objtype.h"
#include "py/runtime.h"

#include "sync.h"

// Its name up to MicroPython 1.25.
#ifndef MP_NORETURN
#define MP_NORETURN NORETURN
#endif

MP_NORETURN void raise_runtime_error(mp_rom_error_text_t text);

/******************************************************************************/
// Methods
//
//     static mp_obj_t event_wait(mp_obj_t self_in, const mp_obj_t *args) { ... args[0] ... }
//     METHOD(event_wait, MP_QSTR_wait, 0, MP_QSTR_timeout);
//
// A method object binds the Python instance, also in a class made at run time (a built-in function
// would not), and may be called unbound with an instance of a subclass. Its parameters have names
// and may be given either way; one that is not given is MP_OBJ_NULL.

typedef mp_obj_t (*method_fun_t)(mp_obj_t self_in, const mp_obj_t *args);

#define METHOD_MAX_PARAMS (7)

typedef struct _method_t {
    mp_obj_base_t base;
    method_fun_t fun;
    uint16_t name; // qstr
    uint8_t n_required;
    uint8_t n_positional; // the rest only by keyword
    uint8_t n_params;
    uint16_t params[]; // qstrs
} method_t;

extern const mp_obj_type_t mp_type_sync_method;

#define METHOD_COUNT(...) (sizeof((uint16_t[]) { __VA_ARGS__ }) / sizeof(uint16_t))
#define METHOD_KW(fun_, name_, n_required_, n_keyword_only_, ...) \
    static const method_t fun_##_obj = { {&mp_type_sync_method}, fun_, name_, n_required_, \
                                         METHOD_COUNT(__VA_ARGS__) - n_keyword_only_, \
                                         METHOD_COUNT(__VA_ARGS__), { __VA_ARGS__ } }
#define METHOD(fun_, name_, n_required_, ...) METHOD_KW(fun_, name_, n_required_, 0, __VA_ARGS__)
#define METHOD_0(fun_, name_) \
    static const method_t fun_##_obj = { {&mp_type_sync_method}, fun_, name_, 0, 0, 0, {} }

// __exit__(exc_type, exc_value, traceback): calls `release` of the same file.
#define METHOD_EXIT(fun_) METHOD(fun_, MP_QSTR___exit__, 3, MP_QSTR_exc_type, MP_QSTR_exc_value, MP_QSTR_tb)

// Parses a call's arguments against a list of names as a method does, into vals[n_params]: for
// constructors of native types.
void method_parse(const method_t *spec, size_t n_args, size_t n_kw, const mp_obj_t *args, mp_obj_t *vals);

// The object of the native type that self is, or that an instance of a subclass holds; TypeError if
// it is neither; NULL if its __init__() has not been called.
void *native_self_maybe(mp_obj_t self_in, const mp_obj_type_t *type);
void *native_self(mp_obj_t self_in, const mp_obj_type_t *type);

// "NAME.__init__() not called"
MP_NORETURN void raise_not_called(const mp_obj_type_t *exc_type, qstr name);

// "<threading.TYPE at ADDRESS: ", the beginning of what some types print.
void print_head(const mp_print_t *print, mp_obj_t self_in);

// fun(*args, **kwargs), or fun(self, *args, **kwargs) if self is given.
void call_with(mp_obj_t fun, mp_obj_t self, mp_obj_t args, mp_obj_t kwargs);

// The arguments by name that a function is called with, to be kept.
mp_obj_t dict_from_kwargs(mp_map_t *kwargs);

// A class that Python can subclass as one of its own: its methods see the instance, overridden ones
// are honoured, attributes can be set on it. `native` holds the C state, made by the class's
// __init__(). Properties are given in pairs after the table.
typedef struct _class_property_t {
    uint16_t name; // qstr
    mp_rom_obj_t getter;
    mp_rom_obj_t setter; // or None
} class_property_t;

typedef struct _class_spec_t {
    uint16_t name; // qstr
    uint8_t n_entries;
    uint8_t n_properties;
    const mp_rom_map_elem_t *entries;
    const class_property_t *properties;
} class_spec_t;

// Sets an entry of a module's table, which must not be const. The collector does not see the table:
// whoever calls keeps the value, as a root.
void module_set(const mp_obj_module_t *module, qstr name, mp_obj_t value);

// Makes n classes, the first over a native type, the others over the first, and sets them in the
// module's table; `classes`, where they are put, is a root.
void classes_new(const mp_obj_module_t *module, mp_obj_t *classes, const class_spec_t *specs, size_t n,
    const mp_obj_type_t *native);

/******************************************************************************/
// Waiting

// Seconds, an int or a float, in ns, rounded up: a wait is never shorter than asked for. TypeError,
// ValueError (NaN), OverflowError.
int64_t ns_from_seconds(mp_obj_t seconds);

// Whether a timeout is less than zero; no NaN and no infinity is. TypeError.
bool is_negative(mp_obj_t seconds);

// The deadline so many ns from now; SYNC_POLL if that is none.
sync_deadline_t deadline_in(int64_t ns);

// The deadline of a timeout in seconds: None waits for ever, zero or less polls. TypeError,
// ValueError (NaN), OverflowError.
sync_deadline_t deadline_from_timeout(mp_obj_t timeout);

// The deadline of lock.acquire(blocking, timeout) and its kin: MP_OBJ_NULL where not given, -1 waits
// for ever, any other negative timeout is a ValueError.
sync_deadline_t deadline_from_blocking(mp_obj_t blocking, mp_obj_t timeout);

// A truth value, or what stands for it when the argument is not given.
static inline bool arg_is_true(mp_obj_t arg, bool otherwise) {
    return arg == MP_OBJ_NULL ? otherwise : mp_obj_is_true(arg);
}

// Takes a permit. False: not before the deadline. Raises what is pending meanwhile (Ctrl-C), then
// without the permit.
bool sem_acquire(sync_sem_t *sem, sync_deadline_t deadline);

// Sleeps on a waiter that has been appended to a list. True: taken off by somebody. False: not before
// the deadline. If an exception comes meanwhile it is left in *exc, the waiter is off the list, and
// the result says whether somebody had taken it off; the caller cleans up and raises it.
bool waiter_sleep(sync_waiter_t *waiter, sync_deadline_t deadline, mp_obj_t *exc);

// Does what is pending. False: that is an exception, which is left in *exc.
bool handle_pending(mp_obj_t *exc);

// Sees to it that Ctrl-C is safe. Called when a module is imported.
void take_sigint(void);

/******************************************************************************/
// Objects that others use

extern const mp_obj_type_t mp_type_threading_lock;
extern const mp_obj_type_t mp_type_threading_rlock;
extern const mp_obj_type_t mp_type_threading_condition;
extern const mp_obj_type_t mp_type_threading_semaphore;
extern const mp_obj_type_t mp_type_threading_bounded_semaphore;
extern const mp_obj_type_t mp_type_threading_event;
extern const mp_obj_type_t mp_type_threading_barrier;
extern const mp_obj_type_t mp_type_BrokenBarrierError;
extern const mp_obj_type_t mp_type_threading_except_hook_args;

typedef struct _lock_obj_t {
    mp_obj_base_t base;
    sync_sem_t sem;
} lock_obj_t;

mp_obj_t lock_new(void);

// Condition(lock)
mp_obj_t condition_new(mp_obj_t lock);

// Its waiters.
sync_list_t *condition_waiters(mp_obj_t condition);

mp_obj_t event_new(void);

// event.set(), under the guard.
void event_set_guarded(mp_obj_t event);

// The classes that are made at run time, when the module is first imported.
mp_obj_t threading_class(size_t which);
enum {
    CLASS_THREAD,
    CLASS_MAIN_THREAD,
    CLASS_DUMMY_THREAD,
    CLASS_TIMER,
    CLASS_LOCAL,
    CLASS_COUNT,
};

// thread.c
extern const class_spec_t thread_classes[CLASS_LOCAL];
extern const mp_obj_type_t mp_type_thread_native;
void thread_module_init(void);
mp_obj_t thread_current(void);
mp_uint_t thread_current_serial(void);
extern const mp_obj_fun_builtin_fixed_t threading_excepthook_obj;

// local.c
extern const class_spec_t local_class;
extern const mp_obj_type_t mp_type_local_native;
void local_thread_ended(mp_uint_t serial);

#endif // INCLUDED_THREADING_H
