// The variant's thread port: py/mpthread.h on the GIL of gil.c, the collector's view of the other
// threads, and the seam of modules/sync. It takes the place of ports/unix/mpthreadport.c.
//
// A thread that leaves the GIL records where its stack stands, so the collector, which runs under
// the GIL, reads the roots of every other thread without a signal. Nothing interrupts a system
// call or a wait because of a collection.
//
// This file is part of micropython-threading, MIT licence.

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <time.h>

#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#include "debug.h"
#include "gil.h"
#include "futex.h"
#include "sync_port.h"

// Below this distance from the end of a thread's stack Python gets RuntimeError: room for what C
// code, a signal handler and the error itself use without checking.
#define STACK_MARGIN (8192)

// Deep enough for what a program does in its main thread (main.c grants it 40 KB of 32-bit words).
// Address space, not memory: a page of it is used when it is touched.
#define DEFAULT_STACK (16384 * sizeof(void *))

// How much of the stack is copied when a thread leaves the GIL: the frames of record_stack() and
// mp_thread_mutex_unlock(), in which the callee-saved registers lie and which are gone when these
// return. Each has at most 30 words, vector registers included.
#define SAVED_WORDS (64)

// What a thread raises when there is no memory; see emergency.h. Whoever keeps the exception may do so
// longer than the thread lives, so a thread_t is never freed, but used again.
typedef struct {
    mp_obj_exception_t exception;
    __typeof__(((mp_state_vm_t *)NULL)->mp_emergency_exception_buf) buffer;
} emergency_t;

typedef struct _thread_t {
    struct _thread_t *next; // under the GIL
    gil_node_t node;
    pthread_t id;
    bool started; // has had the GIL; only the thread's own
    mp_state_thread_t *state; // NULL until the thread runs
    void *arg; // root: what the thread starts with; until it has a stack of its own
    void **sp; // root: its stack from here to state->stack_top, while it is outside the GIL; else NULL
    void *saved[SAVED_WORDS]; // root: see SAVED_WORDS
    void *(*entry)(void *);
    DEBUG_ONLY(debug_thread_t debug;)
    emergency_t emergency; // root; the rest is made anew with each thread that uses the structure
} thread_t;

__thread mp_state_thread_t *mp_thread_state_of_self;
static __thread thread_t *self;
static __thread bool kept; // MP_THREAD_GIL_EXIT() did not give the GIL up

static thread_t main_thread;
static thread_t *threads; // all of them, the main thread last; under the GIL
static thread_t *spares; // of threads that have ended; under the GIL
static bool closed; // the process ends: the main thread keeps the GIL for good
static mp_thread_recursive_mutex_t atomic_section;

/******************************************************************************/
// The GIL

// A scheduled callback is Python that runs with the scheduler locked; while it runs nothing switches
// threads, as in vm.c's own bounce. One that blocks has given the GIL up: then the others run on.
static thread_t *blocked_callback; // whose callback that is; under the GIL

static void note_callback(void) {
    if (MP_STATE_VM(sched_state) < 0 && blocked_callback == NULL) {
        blocked_callback = self;
    }
}

static bool may_switch(void) {
    if (MP_STATE_VM(sched_state) >= 0) {
        blocked_callback = NULL;
        return true;
    }
    return blocked_callback != NULL && blocked_callback != self;
}

static bool is_gil(mp_thread_mutex_t *mutex) {
    return mutex == &MP_STATE_VM(gil_mutex);
}

// Whether the running thread is outside the GIL. (One that has not started yet is, and says no.)
static bool is_outside(void) {
    return self->sp != NULL;
}

bool mp_threads_is_outside(void) {
    return is_outside();
}

#if THREADS_DEBUG
static __thread bool guarded; // between sync_enter() and sync_leave()

void sync_enter(void) {
    assert(!is_outside());
    assert(!guarded);
    guarded = true;
    gc_lock(); // an allocation in here is a MemoryError
}

void sync_leave(void) {
    assert(guarded);
    gc_unlock();
    guarded = false;
}

bool sync_is_guarded(void) {
    return guarded;
}

static void lock_mutex(mp_thread_mutex_t *mutex) {
    if (!futex_mutex_trylock(&mutex->word)) {
        self->debug.holder = &mutex->holder;
        debug_set_state(&self->debug, DEBUG_LOCKS);
        futex_mutex_lock(&mutex->word);
        debug_set_state(&self->debug, DEBUG_OUTSIDE);
    }
    mutex->holder = sync_native_id();
}
#else
static void lock_mutex(mp_thread_mutex_t *mutex) {
    futex_mutex_lock(&mutex->word);
}
#endif

// As memcpy(). AddressSanitizer's own would refuse to read between the variables of a stack.
#ifdef __SANITIZE_ADDRESS__
__attribute__((no_sanitize_address)) static void copy_stack(void **dest, void *const volatile *src, size_t size) {
    for (size_t i = 0; i < size / sizeof(*dest); ++i) {
        dest[i] = src[i];
    }
}
#else
#define copy_stack memcpy
#endif

// Called right before the GIL is given up, by a function that has called __builtin_unwind_init():
// that one's frame, above this one's, holds all callee-saved registers.
static MP_NOINLINE void record_stack(thread_t *thread) {
    void **sp = __builtin_frame_address(0);
    copy_stack(thread->saved, sp, sizeof(thread->saved));
    thread->sp = sp;
}

void mp_thread_mutex_init(mp_thread_mutex_t *mutex) {
    mutex->word = 0;
}

int mp_thread_mutex_lock(mp_thread_mutex_t *mutex, int wait) {
    if (!is_gil(mutex)) {
        if (!wait) {
            return futex_mutex_trylock(&mutex->word);
        }
        lock_mutex(mutex);
        return 1;
    }
    if (kept) {
        kept = false;
        return 1;
    }
    DEBUG_ONLY(debug_set_state(&self->debug, DEBUG_QUEUES);)
    if (!self->started) {
        self->started = true;
        gil_await(&self->node);
    } else {
        assert(is_outside());
        gil_acquire(&self->node);
        self->sp = NULL;
    }
    DEBUG_ONLY(debug_set_state(&self->debug, DEBUG_RUNS);)
    return 1;
}

MP_NOINLINE void mp_thread_mutex_unlock(mp_thread_mutex_t *mutex) {
    if (!is_gil(mutex)) {
        DEBUG_ONLY(mutex->holder = 0;)
        futex_mutex_unlock(&mutex->word);
        return;
    }
    assert(!is_outside());
    DEBUG_ONLY(assert(!guarded);)
    // The collector runs finalisers, and some close a file or a socket outside the GIL: another
    // thread would find the heap half swept. So a collecting thread keeps the GIL.
    // At the end of the process the main thread keeps it for good: nobody else runs any more.
    kept = closed || (MP_STATE_THREAD(gc_lock_depth) & GC_COLLECT_FLAG);
    if (!kept) {
        note_callback();
        DEBUG_ONLY(debug_set_state(&self->debug, DEBUG_OUTSIDE);)
        __builtin_unwind_init();
        record_stack(self);
        gil_release();
    }
}

static MP_NOINLINE void yield(void) {
    DEBUG_ONLY(assert(!guarded);)
    DEBUG_ONLY(debug_set_state(&self->debug, DEBUG_QUEUES);)
    __builtin_unwind_init();
    record_stack(self);
    gil_yield(&self->node);
    self->sp = NULL;
    DEBUG_ONLY(debug_set_state(&self->debug, DEBUG_RUNS);)
}

void mp_thread_vm_hook(void) {
    if (gil_due() && may_switch()) {
        yield();
    }
}

/******************************************************************************/
// Signals

static bool pending(void) {
    return MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL
           || MP_STATE_VM(sched_state) == MP_SCHED_PENDING;
}

// A signal that comes after the last look at mp_pending_exception and before a system call would be
// noticed when the call is over, perhaps never. So it is repeated until the exception is raised.
#define REPEAT_SIGNAL (SIGRTMIN + 5) // the stock port's collector has it; ours needs none
#define REPEAT_NS (10 * 1000 * 1000)

static timer_t repeat_timer;

// Ctrl-C always means KeyboardInterrupt in the main thread, as often as it comes. The port's own
// handler ends the process at the second one that comes before the first is raised.
static void on_signal(int signum) {
    if (!pthread_equal(pthread_self(), main_thread.id)) {
        pthread_kill(main_thread.id, signum); // whose system call has to be interrupted
        return;
    }
    if (signum == SIGINT) {
        mp_sched_keyboard_interrupt();
    }
    if (MP_STATE_MAIN_THREAD(mp_pending_exception) != MP_OBJ_NULL) {
        const struct itimerspec once = { .it_value = { .tv_nsec = REPEAT_NS } };
        timer_settime(repeat_timer, 0, &once, NULL);
    }
}

// What unix_mphal.c calls in the place of sigaction().
int mp_threads_sigaction(int signum, const struct sigaction *action, struct sigaction *old) {
    struct sigaction ours = *action;
    if (ours.sa_handler != SIG_DFL) {
        ours.sa_handler = on_signal;
    }
    return sigaction(signum, &ours, old);
}

static void init_signals(void) {
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(REPEAT_SIGNAL, &action, NULL);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = REPEAT_SIGNAL };
    timer_create(CLOCK_MONOTONIC, &event, &repeat_timer);
}

// py/scheduler.c's function under another name (mpconfigvariant.h), so that Ctrl-C reaches a main
// thread that is about to sleep, whichever thread's stack the signal handler runs on.
void mp_thread_sched_exception(mp_obj_t exc);

void mp_sched_exception(mp_obj_t exc) {
    mp_thread_sched_exception(exc);
    gil_interrupt(&main_thread.node);
}

/******************************************************************************/
// Sleeping, without the GIL and until an absolute deadline. The port's own functions keep the GIL
// (time.sleep_ms(), sleep_us()), or miss a Ctrl-C that comes just before the system call and count
// an interrupted sleep anew where the C library does not write the rest back (time.sleep()).

static int64_t deadline_in_us(uint64_t us) {
    return us < INT64_MAX / 2000 ? futex_now() + (int64_t)us * 1000 : FUTEX_FOREVER;
}

// What modtime.c calls for time.sleep(), outside the GIL, in the place of select().
int mp_threads_select(int n, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout) {
    (void)n;
    (void)read;
    (void)write;
    (void)except;
    if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
        errno = EINVAL;
        return -1;
    }
    int64_t deadline = deadline_in_us((uint64_t)timeout->tv_sec * 1000000 + timeout->tv_usec);
    if (gil_sleep(&self->node, deadline, pending) == GIL_TIMED_OUT) {
        return 0;
    }
    int64_t rest_us = MAX((deadline - futex_now()) / 1000, 0);
    timeout->tv_sec = rest_us / 1000000;
    timeout->tv_usec = rest_us % 1000000;
    errno = EINTR;
    return -1;
}

// usleep() of mphalport.h: time.sleep_us(), and the pauses of loops that poll.
int mp_threads_usleep(unsigned us) {
    bool inside = !is_outside();
    int64_t deadline = deadline_in_us(us);
    if (inside) {
        MP_THREAD_GIL_EXIT();
    }
    gil_sleep(&self->node, deadline, NULL);
    if (inside) {
        MP_THREAD_GIL_ENTER();
    }
    return 0;
}

void mp_hal_delay_ms(mp_uint_t ms) {
    int64_t deadline = deadline_in_us((uint64_t)ms * 1000);
    gil_result_t result;
    do {
        mp_handle_pending(true);
        MP_THREAD_GIL_EXIT();
        result = gil_sleep(&self->node, deadline, pending);
        MP_THREAD_GIL_ENTER();
    } while (result != GIL_TIMED_OUT);
}

/******************************************************************************/
// The seam of modules/sync: a sleeper is woken through its thread's place in the GIL's line

void sync_parker_init(sync_parker_t *parker) {
    parker->thread = self;
    self->node.unparked = false;
}

MP_NOINLINE sync_result_t sync_park(sync_parker_t *parker, sync_deadline_t deadline) {
    thread_t *thread = parker->thread;
    note_callback();
    DEBUG_ONLY(assert(guarded);)
    DEBUG_ONLY(thread->debug.parker = parker;)
    DEBUG_ONLY(thread->debug.deadline = deadline;)
    DEBUG_ONLY(debug_set_state(&thread->debug, DEBUG_PARKED);)
    __builtin_unwind_init();
    record_stack(thread);
    gil_result_t result = gil_park(&thread->node, deadline, parker->uninterruptible ? NULL : pending);
    thread->sp = NULL;
    DEBUG_ONLY(debug_set_state(&thread->debug, DEBUG_RUNS);)
    return result == GIL_UNPARKED ? SYNC_OK : result == GIL_TIMED_OUT ? SYNC_TIMEOUT : SYNC_INTERRUPTED;
}

void sync_unpark(sync_parker_t *parker) {
    thread_t *thread = parker->thread;
    gil_unpark(&thread->node, parker->urgent);
}

/******************************************************************************/
// The stack

// What py/sequence.c and py/objdict.c call in the place of mp_obj_equal(): comparing containers that
// hold containers recurses, and nothing else on the way looks at the stack.
bool mp_threads_obj_equal(mp_obj_t a, mp_obj_t b) {
    mp_cstack_check();
    return mp_obj_equal(a, b);
}

/******************************************************************************/
// Exceptions when there is no memory, and exceptions that several threads have

void *mp_threads_own(void *field);
void *mp_threads_own(void *field) {
    return field == &MP_STATE_VM(mp_emergency_exception_obj) ? &self->emergency.exception
           : field == &MP_STATE_VM(mp_emergency_exception_buf) ? (void *)&self->emergency.buffer : field;
}

// What py/obj.c calls to print a traceback. It leaves the GIL with each piece that it writes, and
// another thread that raises the same exception may move the traceback meanwhile. So this is a copy;
// if there is no memory for one, there is no traceback.
void mp_threads_get_traceback(mp_obj_t exc, size_t *n, size_t **values);
void mp_threads_get_traceback(mp_obj_t exc, size_t *n, size_t **values) {
    mp_obj_exception_get_traceback(exc, n, values);
    size_t *copy = m_new_maybe(size_t, *n);
    if (copy == NULL) {
        *n = 0;
    } else {
        memcpy(copy, *values, *n * sizeof(*copy));
        *values = copy;
    }
}

/******************************************************************************/
// Threads

void mp_thread_init(void) {
    // Sleeps end when they are due rather than up to 50 us later, in this and all later threads.
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    main_thread.id = pthread_self();
    main_thread.started = true;
    main_thread.sp = main_thread.saved; // outside the GIL, until mp_init() takes it
    main_thread.state = &mp_state_ctx.thread;
    threads = &main_thread;
    self = &main_thread;
    mp_thread_state_of_self = &mp_state_ctx.thread;
    DEBUG_ONLY(debug_add(&self->debug);)
    DEBUG_ONLY(debug_init();)
    init_signals();
    #if MICROPY_PY_SSL
    mp_threads_tls_init();
    #endif
}

void mp_thread_deinit(void) {
    closed = true;
}

static void collect_emergency(thread_t *thread) {
    gc_collect_root((void **)&thread->emergency, sizeof(thread->emergency) / sizeof(void *));
}

// Called by the collector, under the GIL: marks what the other threads hold.
void mp_thread_gc_others(void) {
    for (thread_t *thread = spares; thread != NULL; thread = thread->next) {
        collect_emergency(thread);
    }
    for (thread_t *thread = threads; thread != NULL; thread = thread->next) {
        gc_collect_root(&thread->arg, 1);
        collect_emergency(thread);
        if (thread->sp != NULL) {
            gc_collect_root(thread->saved, SAVED_WORDS);
            gc_collect_root(thread->sp, (void **)thread->state->stack_top - thread->sp);
        }
    }
}

void mp_thread_set_state(mp_state_thread_t *state) {
    mp_thread_state_of_self = state;
    self->state = state;
}

mp_uint_t mp_thread_get_id(void) {
    return (mp_uint_t)self->id;
}

static void *thread_main(void *arg) {
    self = arg;
    self->id = pthread_self();
    self->entry(self->arg);
    return NULL;
}

static thread_t *thread_new(void) {
    thread_t *thread = spares;
    if (thread == NULL) {
        return calloc(1, sizeof(*thread));
    }
    spares = thread->next;
    memset(thread, 0, offsetof(thread_t, emergency));
    return thread;
}

// The thread itself calls this: from then on it may give the GIL up, and no more.
static void thread_delete(thread_t *thread) {
    thread->next = spares;
    spares = thread;
}

mp_uint_t mp_thread_create(void *(*entry)(void *), void *arg, size_t *stack_size) {
    size_t size = *stack_size == 0 ? DEFAULT_STACK : *stack_size;
    size = MAX(size, (size_t)PTHREAD_STACK_MIN);
    size = MAX(size, (size_t)2 * STACK_MARGIN);
    // Before the thread starts: it reads its limit from here.
    *stack_size = size - STACK_MARGIN;

    pthread_t id;
    pthread_attr_t attr;
    thread_t *thread = thread_new();
    int err = ENOMEM;
    if (thread != NULL) {
        thread->entry = entry;
        thread->arg = arg;
        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        err = pthread_attr_setstacksize(&attr, size);
        if (err == 0) {
            err = pthread_create(&id, &attr, thread_main, thread);
        }
        pthread_attr_destroy(&attr);
    }
    if (err != 0) {
        if (thread != NULL) {
            thread_delete(thread);
        }
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("can't start new thread"));
    }
    // The GIL is held: the thread is in the list before it can be seen or collect.
    thread->id = id;
    thread->next = threads;
    threads = thread;
    DEBUG_ONLY(debug_add(&thread->debug);)
    gil_admit(&thread->node);
    return (mp_uint_t)id;
}

// The running thread has a stack of its own to hold what it started with.
void mp_thread_start(void) {
    self->arg = NULL;
}

void mp_thread_finish(void) {
    thread_t **link = &threads;
    while (*link != self) {
        link = &(*link)->next;
    }
    *link = self->next;
    DEBUG_ONLY(debug_remove(&self->debug);)
    thread_delete(self);
}

/******************************************************************************/
// Recursive mutex, and MICROPY_BEGIN_ATOMIC_SECTION: a few instructions, also outside the GIL

void mp_thread_recursive_mutex_init(mp_thread_recursive_mutex_t *mutex) {
    *mutex = (mp_thread_recursive_mutex_t) { 0 };
}

int mp_thread_recursive_mutex_lock(mp_thread_recursive_mutex_t *mutex, int wait) {
    if (__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) != self) {
        if (wait) {
            futex_mutex_lock(&mutex->word);
        } else if (!futex_mutex_trylock(&mutex->word)) {
            return 0;
        }
        __atomic_store_n(&mutex->owner, self, __ATOMIC_RELAXED);
    }
    ++mutex->depth;
    return 1;
}

void mp_thread_recursive_mutex_unlock(mp_thread_recursive_mutex_t *mutex) {
    if (--mutex->depth == 0) {
        __atomic_store_n(&mutex->owner, NULL, __ATOMIC_RELAXED);
        futex_mutex_unlock(&mutex->word);
    }
}

void mp_thread_unix_begin_atomic_section(void) {
    mp_thread_recursive_mutex_lock(&atomic_section, true);
}

void mp_thread_unix_end_atomic_section(void) {
    mp_thread_recursive_mutex_unlock(&atomic_section);
}
