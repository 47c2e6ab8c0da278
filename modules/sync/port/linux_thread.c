// The part of the seam that every Linux host shares: the clock, and the kernel's view of a thread.
//
// This file is part of micropython-threading, MIT licence.

#include "sync_port.h"
#include "futex.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

int64_t sync_now(void) {
    return futex_now();
}

uintptr_t sync_native_id(void) {
    return syscall(SYS_gettid);
}

uintptr_t sync_main_native_id(void) {
    return getpid();
}

static pthread_t main_thread;

static void __attribute__((constructor)) remember_main_thread(void) {
    main_thread = pthread_self();
}

uintptr_t sync_main_ident(void) {
    return (uintptr_t)main_thread;
}

bool sync_native_alive(uintptr_t native_id) {
    return syscall(SYS_tgkill, getpid(), (pid_t)native_id, 0) == 0 || errno != ESRCH;
}

void sync_signal_main(int signum) {
    pid_t pid = getpid();
    syscall(SYS_tgkill, pid, pid, signum);
}

void sync_set_native_name(const char *name) {
    prctl(PR_SET_NAME, name);
}
