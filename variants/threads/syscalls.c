// System calls that MicroPython makes with the GIL although they may block: on a slow disk, before
// the system has gathered entropy, until a serial line has sent what was written. Here they are made
// without it. mpconfigvariant.mk says who calls these functions.
//
// This file is part of micropython-threading, MIT licence.

#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

int mp_threads_chdir(const char *path);
int mp_threads_rmdir(const char *path);
int mp_threads_unlink(const char *path);
ssize_t mp_threads_getrandom(void *buf, size_t len, unsigned flags);
int mp_threads_tcsetattr(int fd, int action, const struct termios *termios);

static int call_with_path(int (*call)(const char *path), const char *path) {
    // A file system that is mounted somewhere joins paths in one buffer, for whatever thread.
    char copy[PATH_MAX];
    size_t size = strlen(path) + 1;
    if (size > sizeof(copy)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(copy, path, size);
    MP_THREAD_GIL_EXIT();
    int ret = call(copy);
    MP_THREAD_GIL_ENTER();
    return ret;
}

int mp_threads_chdir(const char *path) {
    return call_with_path(chdir, path);
}

int mp_threads_rmdir(const char *path) {
    return call_with_path(rmdir, path);
}

int mp_threads_unlink(const char *path) {
    return call_with_path(unlink, path);
}

// Fills the whole buffer: a signal cuts a long one short, and the caller does not look.
ssize_t mp_threads_getrandom(void *buf, size_t len, unsigned flags) {
    for (size_t done = 0; done < len;) {
        ssize_t n;
        MP_HAL_RETRY_SYSCALL(n, getrandom((char *)buf + done, len - done, flags), return -1);
        done += n;
    }
    return len;
}

int mp_threads_tcsetattr(int fd, int action, const struct termios *termios) {
    MP_THREAD_GIL_EXIT();
    int ret = tcsetattr(fd, action, termios);
    MP_THREAD_GIL_ENTER();
    return ret;
}
