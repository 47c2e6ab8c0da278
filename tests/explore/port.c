// Threads for the explorer (tests/native/explore.h): the modules as they are, on MicroPython's own
// objects, with a seam and a thread port in which every entry and exit of the guard and every sleep is
// a point where another thread may go on.
//
//     import _explore
//     def make():                      # before each run: new objects
//         lock = threading.Lock()
//         return [lock.acquire, lock.release], check     # a function a thread, the main thread's first
//     _explore.run(make, 2, 0, 2, 1)   # in every order; how many runs that were
//
// The guard is a section in which no other thread runs, so what is explored are the interleavings of
// whole sections: those of a host without a GIL, of which a GIL allows some. What lies below the seam,
// futexes and the GIL, is explored by tests/native.
//
// This file is part of micropython-threading, MIT licence.

#define _GNU_SOURCE 1
#include <assert.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "py/cstack.h"
#include "py/gc.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "explore.h"
#include "sync_port.h"

// Of a thread's stack (explore.c), and what C code needs that does not look at the limit.
#define STACK_SIZE (64 * 1024)
#define STACK_MARGIN (16 * 1024)

// More than any process has.
#define FIRST_NATIVE_ID ((uintptr_t)1 << 32)

// Runs between two collections: while one is under way nothing may collect, as the stacks of the
// other threads are not seen.
#define COLLECT_EVERY (64)

MP_REGISTER_ROOT_POINTER(mp_obj_t explore_make);
MP_REGISTER_ROOT_POINTER(mp_obj_t explore_check);
MP_REGISTER_ROOT_POINTER(mp_obj_t explore_functions);

static explore_t program;
static int n_begun; // threads that run, or have
static uintptr_t run_number;
static bool ended[EXPLORE_MAX_THREADS];
static bool expect_failure;

bool explore_bug(const char *name) {
    static const char *bug;
    if (bug == NULL) {
        bug = getenv("EXPECT_FAILURE");
        bug = bug == NULL ? "" : bug;
    }
    return strcmp(bug, name) == 0;
}

/******************************************************************************/
// Variables of a thread. All threads are one of the system's, so these are exchanged with each switch.

static __thread mp_state_thread_t *state;
static char *variables;
static size_t variables_size;
static char *saved[1 + EXPLORE_MAX_THREADS]; // the first: of no thread of the program
static char *pristine;

static int find_variables(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    (void)data;
    for (size_t i = 0; i < info->dlpi_phnum; ++i) {
        if (info->dlpi_phdr[i].p_type == PT_TLS) {
            variables = info->dlpi_tls_data;
            variables_size = info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1; // the program itself comes first, and alone matters
}

static void on_switch(int from, int to) {
    memcpy(saved[1 + from], variables, variables_size);
    memcpy(variables, saved[1 + to], variables_size);
}

void mp_thread_init(void) {
    state = &mp_state_ctx.thread;
    dl_iterate_phdr(find_variables, NULL);
    assert(variables != NULL);
    for (size_t i = 0; i < MP_ARRAY_SIZE(saved); ++i) {
        saved[i] = malloc(variables_size);
    }
    pristine = malloc(variables_size);
    memcpy(pristine, variables, variables_size);
}

void mp_thread_deinit(void) {
}

/******************************************************************************/
// py/mpthread.h

void mp_thread_gc_others(void) {
}

void mp_thread_unix_begin_atomic_section(void) {
}

void mp_thread_unix_end_atomic_section(void) {
}

mp_state_thread_t *mp_thread_get_state(void) {
    return state;
}

void mp_thread_set_state(mp_state_thread_t *state_in) {
    state = state_in;
}

mp_uint_t mp_thread_get_id(void) {
    return 1000 + explore_self();
}

void mp_thread_start(void) {
}

void mp_thread_finish(void) {
}

void mp_thread_mutex_init(mp_thread_mutex_t *mutex) {
    (void)mutex;
}

int mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait) {
    (void)mutex;
    (void)wait;
    return 1;
}

void mp_thread_mutex_unlock(mp_thread_mutex_t *mutex) {
    (void)mutex;
}

void mp_thread_recursive_mutex_init(mp_thread_recursive_mutex_t *mutex) {
    (void)mutex;
}

int mp_thread_recursive_mutex_lock(mp_thread_recursive_mutex_t *mutex, int wait) {
    (void)mutex;
    (void)wait;
    return 1;
}

void mp_thread_recursive_mutex_unlock(mp_thread_recursive_mutex_t *mutex) {
    (void)mutex;
}

static struct {
    void *(*entry)(void *);
    void *arg;
} late[EXPLORE_MAX_THREADS];

mp_uint_t mp_thread_create(void *(*entry)(void *), void *arg, size_t *stack_size) {
    EXPLORE_ASSERT(n_begun < program.threads);
    *stack_size = STACK_SIZE - STACK_MARGIN;
    int who = n_begun++;
    late[who].entry = entry;
    late[who].arg = arg;
    explore_begin(who);
    explore_point();
    return 1000 + who;
}

/******************************************************************************/
// The seam

enum { UNPARKED = 1, INTERRUPTED = 2 }; // bits of a parker's word

static bool guarded;
static int spurious; // how many timed sleeps have ended for no reason; untimed ones the explorer counts
static uint32_t *main_word; // of the parker on which the main thread sleeps, or NULL

void sync_enter(void) {
    explore_point();
    assert(!guarded);
    guarded = true;
    explore_atomic(true);
    gc_lock(); // an allocation in here is a MemoryError
}

void sync_leave(void) {
    assert(guarded);
    gc_unlock();
    guarded = false;
    explore_atomic(false);
    explore_point();
}

bool sync_is_guarded(void) {
    return guarded;
}

// Numbers that no other run has. Thread 0 is the main thread, and so is who makes and checks a program.
uintptr_t sync_native_id(void) {
    return explore_self() <= 0 ? sync_main_native_id()
        : FIRST_NATIVE_ID + run_number * EXPLORE_MAX_THREADS + explore_self();
}

bool sync_native_alive(uintptr_t native_id) {
    uintptr_t who = native_id - FIRST_NATIVE_ID - run_number * EXPLORE_MAX_THREADS;
    return native_id == sync_main_native_id() || (who < EXPLORE_MAX_THREADS && !ended[who]);
}

void sync_parker_init(sync_parker_t *parker) {
    parker->word = 0;
}

static sync_result_t sleep_parked(sync_parker_t *parker, sync_deadline_t deadline) {
    while (!(parker->word & UNPARKED)) {
        parker->word &= ~INTERRUPTED;
        if (explore_self() == 0 && !parker->uninterruptible && sync_host_pending()) {
            return SYNC_INTERRUPTED;
        }
        int result = explore_futex_wait(&parker->word, 0, deadline != SYNC_FOREVER);
        if (result == ETIMEDOUT && (spurious == program.interruptions || explore_choose(2) == 0)) {
            return SYNC_TIMEOUT;
        } else if (result != 0) {
            spurious += result == ETIMEDOUT;
            break; // for no reason
        }
    }
    return SYNC_OK;
}

sync_result_t sync_park(sync_parker_t *parker, sync_deadline_t deadline) {
    assert(guarded);
    gc_unlock();
    guarded = false;
    explore_atomic(false);
    if (explore_self() == 0) {
        main_word = &parker->word;
    }
    sync_result_t result = sleep_parked(parker, deadline);
    if (explore_self() == 0) {
        main_word = NULL;
    }
    guarded = true;
    explore_atomic(true);
    gc_lock();
    return result;
}

void sync_unpark(sync_parker_t *parker) {
    assert(guarded);
    parker->word |= UNPARKED;
    explore_futex_wake(&parker->word, 1);
}

/******************************************************************************/
// The programs

static void call(mp_obj_t function) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_0(function);
        nlr_pop();
    } else {
        if (!expect_failure) {
            mp_obj_print_exception(&mp_stderr_print, MP_OBJ_FROM_PTR(nlr.ret_val));
        }
        explore_fail("no thread raises", __FILE__, __LINE__);
    }
}

static void body(int who) {
    mp_obj_t *functions;
    size_t n;
    mp_obj_get_array(MP_STATE_VM(explore_functions), &n, &functions);
    if (who == 0) {
        // The main thread's state is mp_state_ctx's; only its stack is another.
        char *top = state->stack_top;
        mp_uint_t limit = state->stack_limit;
        mp_cstack_init_with_sp_here(STACK_SIZE - STACK_MARGIN);
        call(functions[0]);
        state->stack_top = top;
        state->stack_limit = limit;
    } else if (who < (int)n) {
        mp_state_thread_t own;
        memset(&own, 0, sizeof(own));
        mp_thread_init_state(&own, STACK_SIZE - STACK_MARGIN, NULL, NULL);
        call(functions[who]);
    } else {
        late[who].entry(late[who].arg);
    }
    ended[who] = true;
}

static void set_up(void) {
    if (run_number++ % COLLECT_EVERY == 0) {
        gc_collect();
    }
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(mp_call_function_0(MP_STATE_VM(explore_make)), 2, &items);
    MP_STATE_VM(explore_functions) = items[0];
    MP_STATE_VM(explore_check) = items[1];
    n_begun = program.threads - program.late;
    memset(ended, false, sizeof(ended));
    guarded = false;
    spurious = 0;
    main_word = NULL;
    for (int i = 1; i < EXPLORE_MAX_THREADS; ++i) {
        memcpy(saved[1 + i], pristine, variables_size);
    }
    memcpy(saved[1], variables, variables_size); // of thread 0
}

static void check(void) {
    call(MP_STATE_VM(explore_check));
}

// run(make, threads, late, preemptions, interruptions): how many runs there were. With EXPECT_FAILURE
// in the environment: the number of the one that failed, or 0.
static mp_obj_t explore_run(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    MP_STATE_VM(explore_make) = args[0];
    expect_failure = getenv("EXPECT_FAILURE") != NULL;
    program = (explore_t) {
        .name = "explore", .body = body, .setup = set_up, .check = check, .on_switch = on_switch,
        .threads = mp_obj_get_int(args[1]), .late = mp_obj_get_int(args[2]),
        .preemptions = mp_obj_get_int(args[3]), .interruptions = mp_obj_get_int(args[4]),
    };
    if (program.threads > EXPLORE_MAX_THREADS) {
        mp_raise_ValueError(NULL);
    }
    mp_state_thread_t state_before = *state;
    bool collects = MP_STATE_MEM(gc_auto_collect_enabled);
    MP_STATE_MEM(gc_auto_collect_enabled) = false;
    long runs = explore(&program, expect_failure);
    MP_STATE_MEM(gc_auto_collect_enabled) = collects;
    if (expect_failure && runs > 0) {
        *state = state_before; // what failed has left its frames behind
    }
    return mp_obj_new_int(runs);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(explore_run_obj, 5, 5, explore_run);

// point(): another thread may go on here.
static mp_obj_t explore_python_point(void) {
    explore_point();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(explore_point_obj, explore_python_point);

// interrupt(): Ctrl-C, now.
static mp_obj_t explore_interrupt(void) {
    mp_sched_keyboard_interrupt();
    if (main_word != NULL) {
        *main_word |= INTERRUPTED;
        explore_futex_wake(main_word, 1);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(explore_interrupt_obj, explore_interrupt);

static const mp_rom_map_elem_t explore_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__explore) },
    { MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&explore_run_obj) },
    { MP_ROM_QSTR(MP_QSTR_point), MP_ROM_PTR(&explore_point_obj) },
    { MP_ROM_QSTR(MP_QSTR_interrupt), MP_ROM_PTR(&explore_interrupt_obj) },
};
static MP_DEFINE_CONST_DICT(explore_globals, explore_globals_table);

const mp_obj_module_t mp_module_explore = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&explore_globals,
};

MP_REGISTER_MODULE(MP_QSTR__explore, mp_module_explore);
