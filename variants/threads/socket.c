// Sockets with a timeout: what modsocket.c calls in the place of the system calls.
//
// The port leaves a timeout to the kernel (SO_RCVTIMEO, SO_SNDTIMEO). The kernel is late by up to an
// eighth of it, and counts it anew when a signal interrupts the call: after Ctrl-Z and fg, and when
// Ctrl-C lands on a thread that it is not for. Here the kernel only stores the timeout. The call
// waits until an absolute deadline for the socket to be ready, and then does not block.
//
// A socket without a timeout blocks in the system call as ever. All of this runs outside the GIL.
//
// This file is part of micropython-threading, MIT licence.

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "py/mpstate.h"
#include "py/misc.h"

#include "futex.h"

// Declared in modsocket.c by the system's headers, under these names.
ssize_t mp_threads_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addr_len);
ssize_t mp_threads_recv(int fd, void *buf, size_t len, int flags);
ssize_t mp_threads_read(int fd, void *buf, size_t len);
ssize_t mp_threads_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addr_len);
ssize_t mp_threads_send(int fd, const void *buf, size_t len, int flags);
ssize_t mp_threads_write(int fd, const void *buf, size_t len);
int mp_threads_accept(int fd, struct sockaddr *addr, socklen_t *addr_len);
int mp_threads_connect(int fd, const struct sockaddr *addr, socklen_t addr_len);

// The kernel's first option, of two longs. glibc with 64-bit seconds on 32 bits asks for the second,
// which QEMU's user mode (7.2) answers with success and nothing.
#ifdef SO_RCVTIMEO_OLD
#undef SO_RCVTIMEO
#undef SO_SNDTIMEO
#define SO_RCVTIMEO SO_RCVTIMEO_OLD
#define SO_SNDTIMEO SO_SNDTIMEO_OLD
typedef struct {
    long tv_sec, tv_usec;
} timeout_t;
#else
typedef struct timeval timeout_t;
#endif

typedef struct {
    struct pollfd poll;
    int status; // the descriptor's flags, O_NONBLOCK and others
    int64_t deadline; // 0: the socket does not block, or blocks for ever
} wait_t;

// `option` holds the timeout of this direction. The last one is kept there when a socket becomes
// non-blocking.
static wait_t wait_begin(int fd, short events, int option) {
    wait_t wait = { .poll = { .fd = fd, .events = events } };
    timeout_t tv;
    socklen_t len = sizeof(tv);
    // The kernel calls a timeout of its own longest time none; what is too long for nanoseconds is its.
    if (getsockopt(fd, SOL_SOCKET, option, &tv, &len) == 0 && (tv.tv_sec | tv.tv_usec) != 0
        && tv.tv_sec < INT32_MAX) {
        wait.status = fcntl(fd, F_GETFL);
        if (!(wait.status & O_NONBLOCK)) {
            wait.deadline = futex_now() + (int64_t)tv.tv_sec * 1000000000 + (int64_t)tv.tv_usec * 1000;
        }
    }
    return wait;
}

// Waits until it is time for the system call; if it never is, errno says EAGAIN (the deadline) or
// EINTR (there is something to raise).
static bool wait_ready(wait_t *wait) {
    while (wait->deadline != 0) {
        int64_t rest = wait->deadline - futex_now();
        if (rest <= 0) {
            errno = EAGAIN;
            return false;
        }
        int n = poll(&wait->poll, 1, (int)MIN(rest / 1000000 + 1, INT_MAX));
        if (n > 0) {
            break;
        }
        if (n < 0 && (errno != EINTR || MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL)) {
            return false;
        }
    }
    return true;
}

// Whether another thread was quicker, so that the wait goes on.
static bool wait_again(const wait_t *wait, ssize_t result) {
    return result == -1 && errno == EAGAIN && wait->deadline != 0;
}

static int flags_of(const wait_t *wait, int flags) {
    return wait->deadline != 0 ? flags | MSG_DONTWAIT : flags;
}

ssize_t mp_threads_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addr_len) {
    wait_t wait = wait_begin(fd, POLLIN, SO_RCVTIMEO);
    ssize_t n;
    do {
        if (!wait_ready(&wait)) {
            return -1;
        }
        n = recvfrom(fd, buf, len, flags_of(&wait, flags), addr, addr_len);
    } while (wait_again(&wait, n));
    return n;
}

ssize_t mp_threads_recv(int fd, void *buf, size_t len, int flags) {
    return mp_threads_recvfrom(fd, buf, len, flags, NULL, NULL);
}

ssize_t mp_threads_read(int fd, void *buf, size_t len) {
    return mp_threads_recvfrom(fd, buf, len, 0, NULL, NULL);
}

ssize_t mp_threads_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addr_len) {
    wait_t wait = wait_begin(fd, POLLOUT, SO_SNDTIMEO);
    ssize_t n;
    do {
        if (!wait_ready(&wait)) {
            return -1;
        }
        n = sendto(fd, buf, len, flags_of(&wait, flags), addr, addr_len);
    } while (wait_again(&wait, n));
    return n;
}

ssize_t mp_threads_send(int fd, const void *buf, size_t len, int flags) {
    return mp_threads_sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t mp_threads_write(int fd, const void *buf, size_t len) {
    return mp_threads_sendto(fd, buf, len, 0, NULL, 0);
}

// Of several threads that accept from one socket, one that is too late for a connection waits in the
// kernel, for up to another timeout.
int mp_threads_accept(int fd, struct sockaddr *addr, socklen_t *addr_len) {
    wait_t wait = wait_begin(fd, POLLIN, SO_RCVTIMEO);
    return wait_ready(&wait) ? accept(fd, addr, addr_len) : -1;
}

int mp_threads_connect(int fd, const struct sockaddr *addr, socklen_t addr_len) {
    wait_t wait = wait_begin(fd, POLLOUT, SO_SNDTIMEO);
    if (wait.deadline != 0) {
        fcntl(fd, F_SETFL, wait.status | O_NONBLOCK);
        int ret = connect(fd, addr, addr_len);
        fcntl(fd, F_SETFL, wait.status);
        // EALREADY: a connect() that was interrupted is under way. EAGAIN: a local socket that cannot
        // say when there is room; it has to block.
        if (ret == 0 || (errno != EINPROGRESS && errno != EALREADY && errno != EAGAIN)) {
            return ret;
        }
        if (errno != EAGAIN) {
            if (!wait_ready(&wait)) {
                errno = errno == EAGAIN ? EINPROGRESS : errno; // a blocking socket's timeout
                return -1;
            }
            int err = 0;
            socklen_t len = sizeof(err);
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
            errno = err;
            return err == 0 ? 0 : -1;
        }
    }
    return connect(fd, addr, addr_len);
}
