// The end of the program, as CPython orders it: non-daemon threads are joined, then the function
// given to sys.atexit() runs, then the process ends and takes the daemon threads along.
//
// ports/unix/main.c calls the exit function without a frame for its exceptions, and returns from a
// failed `-m` without calling it at all. It is compiled with two names replaced (see
// mpconfigvariant.mk), which lead here.
//
// This file is part of micropython-threading, MIT licence.

#include <stdarg.h> // before py/mpprint.h, which then declares mp_vprintf()
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "py/builtin.h"
#include "py/mphal.h"
#include "py/runtime.h"

// modules/threading: joins the non-daemon threads. Prints what goes wrong, does not raise.
void mp_threading_shutdown(void) __attribute__((weak));

static void shut_down(mp_obj_t exit_function) {
    // main.c has switched Ctrl-C off; here it ends the waiting, not the process.
    mp_hal_set_interrupt_char(CHAR_CTRL_C);
    if (mp_threading_shutdown != NULL) {
        mp_threading_shutdown();
    }
    if (mp_obj_is_callable(exit_function)) {
        nlr_buf_t nlr;
        if (nlr_push(&nlr) == 0) {
            mp_call_function_0(exit_function);
            nlr_pop();
        } else {
            mp_obj_print_exception(&mp_stderr_print, MP_OBJ_FROM_PTR(nlr.ret_val));
        }
    }
    mp_hal_set_interrupt_char(-1);
    mp_handle_pending(false);
}

// Stands for mp_obj_is_callable(MP_STATE_VM(sys_exitfunc)), asked once, at the end of the program.
bool mp_threads_exit(mp_obj_t exit_function);
bool mp_threads_exit(mp_obj_t exit_function) {
    shut_down(exit_function);
    return false; // main.c has nothing left to call
}

// Gives the system back what the start has left on the stack, 8 KB for realpath() alone: the module of
// `-m` may run for ever, and never be as deep again.
static void give_stack_back(void) {
    uintptr_t page = getpagesize(); // sysconf() is 1 KB of musl
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - 1024) & -page; // 1024: for madvise()
    madvise((void *)(end - 0x10000), 0x10000, MADV_DONTNEED); // less where the stack ends
}

// Stands for mp_builtin___import__(), with which main.c runs the module of `-m`.
mp_obj_t mp_threads_run_module(size_t n_args, const mp_obj_t *args);
mp_obj_t mp_threads_run_module(size_t n_args, const mp_obj_t *args) {
    give_stack_back();
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t module = mp_builtin___import__(n_args, args);
        nlr_pop();
        return module;
    }
    mp_obj_t exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exc)), MP_OBJ_FROM_PTR(&mp_type_SystemExit))) {
        // The traceback comes before the threads are joined; main.c then prints nothing more.
        mp_obj_print_exception(&mp_stderr_print, exc);
        exc = mp_obj_new_exception_arg1(&mp_type_SystemExit, MP_OBJ_NEW_SMALL_INT(1));
    }
    shut_down(MP_STATE_VM(sys_exitfunc));
    MP_STATE_VM(sys_exitfunc) = mp_const_none;
    nlr_raise(exc);
}

// Stands for mp_obj_print_exception(), with which shared/runtime/pyexec.c shows an uncaught exception.
void mp_threads_print_uncaught(const mp_print_t *print, mp_obj_t exc);
void mp_threads_print_uncaught(const mp_print_t *print, mp_obj_t exc) {
    (void)print;
    mp_obj_print_exception(&mp_stderr_print, exc);
}

#if THREADS_DEBUG
#include <stdlib.h>

// Stands for free() in main.c, which with DEBUG=1 frees the heap at the end: a daemon thread may be
// writing from it.
void mp_threads_free(void *ptr);
void mp_threads_free(void *ptr) {
    if (ptr != MP_STATE_MEM(area).gc_alloc_table_start) {
        free(ptr);
    }
}
#endif

// Stands for fprintf() in main.c, which prints with it to stderr only: wrong arguments, and an
// exception that nobody could catch.
int mp_threads_fprintf(FILE *file, const char *format, ...);
int mp_threads_fprintf(FILE *file, const char *format, ...) {
    (void)file;
    va_list args;
    va_start(args, format);
    int len = mp_vprintf(&mp_stderr_print, format, args);
    va_end(args);
    return len;
}
