// import posix: pipes, terminals, processes and signals, for programs that start other programs.
//
//     reader, writer = posix.pipe()
//     pid = posix.spawn(["ls", "-l"], fds=(-1, writer, 2))
//     posix.close(writer)
//     posix.read(reader, 4096)
//     pid, status = posix.waitpid(pid, 0)
//
// What CPython's module of this name has is used as there: errors are OSError, descriptors that are
// made here are closed in programs that are started. spawn() and map() are ours; tcsetwinsize() is termios'. os has files, select polls
// descriptors, and flush() of a file is fsync().
//
// Every call that may block leaves the GIL.
//
// This file is part of micropython-threading, MIT licence.

#define _GNU_SOURCE // pipe2()

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"

// Older headers of the C library lack them. On MIPS the numbers are others: ENOSYS, which is provided for.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open (434)
#endif
#ifndef SYS_close_range
#define SYS_close_range (436)
#endif

extern char **environ;

static mp_obj_t pair(mp_int_t a, mp_int_t b) {
    mp_obj_t items[] = { mp_obj_new_int(a), mp_obj_new_int(b) };
    return mp_obj_new_tuple(2, items);
}

static mp_obj_t none_or_raise(int result) {
    RAISE_ERRNO(result, errno);
    return mp_const_none;
}

// Descriptors

static mp_obj_t modposix_pipe(void) {
    int fds[2];
    RAISE_ERRNO(pipe2(fds, O_CLOEXEC), errno);
    return pair(fds[0], fds[1]);
}
static MP_DEFINE_CONST_FUN_OBJ_0(modposix_pipe_obj, modposix_pipe);

// One read() of at most n bytes; b"" is the end.
static mp_obj_t modposix_read(mp_obj_t fd_in, mp_obj_t n_in) {
    int fd = mp_obj_get_int(fd_in);
    vstr_t vstr;
    vstr_init_len(&vstr, mp_obj_get_int(n_in));
    ssize_t n;
    MP_HAL_RETRY_SYSCALL(n, read(fd, vstr.buf, vstr.len), mp_raise_OSError(err));
    vstr.len = n;
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_read_obj, modposix_read);

// One write(): how many bytes it took.
static mp_obj_t modposix_write(mp_obj_t fd_in, mp_obj_t data) {
    int fd = mp_obj_get_int(fd_in);
    mp_buffer_info_t buf;
    mp_get_buffer_raise(data, &buf, MP_BUFFER_READ);
    ssize_t n;
    MP_HAL_RETRY_SYSCALL(n, write(fd, buf.buf, buf.len), mp_raise_OSError(err));
    return MP_OBJ_NEW_SMALL_INT(n);
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_write_obj, modposix_write);

static mp_obj_t modposix_close(mp_obj_t fd_in) {
    int fd = mp_obj_get_int(fd_in);
    MP_THREAD_GIL_EXIT();
    int ret = close(fd);
    MP_THREAD_GIL_ENTER();
    return none_or_raise(ret);
}
static MP_DEFINE_CONST_FUN_OBJ_1(modposix_close_obj, modposix_close);

static mp_obj_t modposix_set_blocking(mp_obj_t fd_in, mp_obj_t blocking) {
    int fd = mp_obj_get_int(fd_in);
    int flags = fcntl(fd, F_GETFL);
    RAISE_ERRNO(flags, errno);
    return none_or_raise(fcntl(fd, F_SETFL, mp_obj_is_true(blocking) ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_set_blocking_obj, modposix_set_blocking);

// Of files that are made from now on; returns what it was.
static mp_obj_t modposix_umask(mp_obj_t mask) {
    return MP_OBJ_NEW_SMALL_INT(umask(mp_obj_get_int(mask)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(modposix_umask_obj, modposix_umask);

static mp_obj_t modposix_chmod(mp_obj_t path, mp_obj_t mode) {
    return none_or_raise(chmod(mp_obj_str_get_str(path), mp_obj_get_int(mode)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_chmod_obj, modposix_chmod);

// Of a symbolic link it makes a second one, as Linux does.
static mp_obj_t modposix_link(mp_obj_t old_path, mp_obj_t new_path) {
    return none_or_raise(link(mp_obj_str_get_str(old_path), mp_obj_str_get_str(new_path)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_link_obj, modposix_link);

// A whole file as a memoryview that is there to the end, so that code may run in place from a ROMFS
// in it. An empty file is EINVAL. The file may be replaced or removed, but must not become shorter.
static mp_obj_t modposix_map(mp_obj_t name) {
    int fd = open(mp_obj_str_get_str(name), O_RDONLY | O_CLOEXEC);
    RAISE_ERRNO(fd, errno);
    struct stat st;
    void *data = fstat(fd, &st) == 0 ? mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    int err = errno;
    close(fd);
    if (data == MAP_FAILED) {
        mp_raise_OSError(err);
    }
    return mp_obj_new_memoryview('B', st.st_size, data);
}
static MP_DEFINE_CONST_FUN_OBJ_1(modposix_map_obj, modposix_map);

// (master, slave) of a new terminal.
static mp_obj_t modposix_openpty(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;
    if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0) {
        char name[32];
        if (ptsname_r(master, name, sizeof(name)) == 0) {
            slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        }
    }
    if (slave < 0) {
        int err = errno;
        close(master);
        mp_raise_OSError(err);
    }
    return pair(master, slave);
}
static MP_DEFINE_CONST_FUN_OBJ_0(modposix_openpty_obj, modposix_openpty);

// Takes (rows, columns), and tells the program in the foreground.
static mp_obj_t modposix_tcsetwinsize(mp_obj_t fd, mp_obj_t size) {
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(size, 2, &items);
    struct winsize winsize = { .ws_row = mp_obj_get_int(items[0]), .ws_col = mp_obj_get_int(items[1]) };
    return none_or_raise(ioctl(mp_obj_get_int(fd), TIOCSWINSZ, &winsize));
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_tcsetwinsize_obj, modposix_tcsetwinsize);

// Processes

static mp_obj_t modposix_getpid(void) {
    return mp_obj_new_int(getpid());
}
static MP_DEFINE_CONST_FUN_OBJ_0(modposix_getpid_obj, modposix_getpid);

static mp_obj_t modposix_kill(mp_obj_t pid, mp_obj_t sig) {
    return none_or_raise(kill(mp_obj_get_int(pid), mp_obj_get_int(sig)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_kill_obj, modposix_kill);

static mp_obj_t modposix_waitpid(mp_obj_t pid_in, mp_obj_t options_in) {
    pid_t pid = mp_obj_get_int(pid_in), got;
    int options = mp_obj_get_int(options_in), status = 0;
    MP_HAL_RETRY_SYSCALL(got, waitpid(pid, &status, options), mp_raise_OSError(err));
    return pair(got, status);
}
static MP_DEFINE_CONST_FUN_OBJ_2(modposix_waitpid_obj, modposix_waitpid);

// A descriptor that can be read when the process has ended. ENOSYS before Linux 5.3.
static mp_obj_t modposix_pidfd_open(mp_obj_t pid) {
    int fd = syscall(SYS_pidfd_open, mp_obj_get_int(pid), 0);
    RAISE_ERRNO(fd, errno);
    return MP_OBJ_NEW_SMALL_INT(fd);
}
static MP_DEFINE_CONST_FUN_OBJ_1(modposix_pidfd_open_obj, modposix_pidfd_open);

// What the child needs, made by the parent: after fork() in a process with threads only what POSIX
// calls async-signal-safe may be called.
typedef struct {
    char **argv;
    char **env;
    const char *cwd;
    size_t n_fds;
    int *fds; // -1: /dev/null
    size_t n_limits;
    struct {
        int resource;
        struct rlimit rlimit;
    } *limits;
    mp_int_t uid, gid; // -1: unchanged
    int report; // takes errno if it comes to nothing; closed by exec
} child_t;

static void close_from(int first) {
    if (syscall(SYS_close_range, first, ~0u, 0) != 0) { // before Linux 5.9
        int end = sysconf(_SC_OPEN_MAX);
        for (int fd = first; fd < end; ++fd) {
            close(fd);
        }
    }
}

// Puts fds in the places 0 to n_fds - 1, and the report behind them. Each is first moved out of the
// way of all places.
static bool place_fds(child_t *child) {
    int beyond = child->n_fds + 1;
    for (size_t i = 0; i < child->n_fds; ++i) {
        int fd = child->fds[i];
        int from = fd < 0 ? open("/dev/null", O_RDWR) : fd;
        if (from < 0 || (child->fds[i] = fcntl(from, F_DUPFD, beyond)) < 0) {
            return false;
        }
    }
    int report = fcntl(child->report, F_DUPFD, beyond);
    if (report < 0) {
        return false;
    }
    for (size_t i = 0; i < child->n_fds; ++i) {
        if (dup2(child->fds[i], i) < 0) {
            return false;
        }
    }
    if (dup2(report, child->n_fds) < 0) {
        return false;
    }
    child->report = child->n_fds;
    fcntl(child->report, F_SETFD, FD_CLOEXEC);
    close_from(child->n_fds + 1);
    return true;
}

static bool prepare_child(child_t *child) {
    // A session and process group of its own, which ends with the thread that started it.
    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || !place_fds(child)) {
        return false;
    }
    // Fails, and shall, if descriptor 0 is no terminal, or another session's.
    (void)ioctl(0, TIOCSCTTY, 0);
    if (child->cwd != NULL && chdir(child->cwd) != 0) {
        return false;
    }
    for (size_t i = 0; i < child->n_limits; ++i) {
        if (setrlimit(child->limits[i].resource, &child->limits[i].rlimit) != 0) {
            return false;
        }
    }
    // With its own system calls: the C library would make all threads of the process take part.
    return (child->gid < 0 || syscall(SYS_setgid, child->gid) == 0)
           && (child->uid < 0 || syscall(SYS_setuid, child->uid) == 0);
}

static void run_child(child_t *child) {
    // The parent has all signals blocked, so that none is handled in here.
    for (int sig = 1; sig < NSIG; ++sig) {
        (void)signal(sig, SIG_DFL);
    }
    if (prepare_child(child)) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (child->env != NULL) {
            environ = child->env;
        }
        execvp(child->argv[0], child->argv);
    }
    int err = errno;
    if (write(child->report, &err, sizeof(err)) < 0) {
        // Nobody is left to tell.
    }
    _exit(127);
}

static pid_t fork_child(child_t *child) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        run_child(child);
    }
    int err = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = err;
    return pid;
}

// A copy that no other thread can change. The strings stay where they are, and alive through it.
static char **get_strings(mp_obj_t list) {
    size_t len;
    mp_obj_t *items;
    mp_obj_get_array(list, &len, &items);
    char **strings = m_new(char *, len + 1);
    for (size_t i = 0; i < len; ++i) {
        strings[i] = (char *)mp_obj_str_get_str(items[i]);
    }
    strings[len] = NULL;
    return strings;
}

static void get_fds(child_t *child, mp_obj_t tuple) {
    mp_obj_t *items;
    mp_obj_get_array(tuple, &child->n_fds, &items);
    child->fds = m_new(int, child->n_fds);
    for (size_t i = 0; i < child->n_fds; ++i) {
        child->fds[i] = mp_obj_get_int(items[i]);
    }
}

static void get_limits(child_t *child, mp_obj_t tuple) {
    mp_obj_t *items, *item;
    mp_obj_get_array(tuple, &child->n_limits, &items);
    child->limits = m_malloc(child->n_limits * sizeof(*child->limits) + 1);
    for (size_t i = 0; i < child->n_limits; ++i) {
        mp_obj_get_array_fixed_n(items[i], 2, &item);
        child->limits[i].resource = mp_obj_get_int(item[0]);
        rlim_t limit = mp_obj_get_int(item[1]);
        child->limits[i].rlimit = (struct rlimit) { limit, limit };
    }
}

// spawn(argv, *, fds=(0, 1, 2), env=None, cwd=None, limits=(), uid=-1, gid=-1) starts a program and
// returns its process id. It is found as a shell finds it, leads a session of its own (kill(-pid)
// reaches it and what it starts), and is killed when the thread ends that started it. Its descriptors
// 0, 1, ... are those of fds (-1: /dev/null), all others are closed. If descriptor 0 is a terminal
// that no session has, the new one has it: Ctrl-C in there interrupts the program. env is a list of "NAME=value".
// limits are pairs of RLIMIT_... and a number. What cannot be done raises OSError.
static mp_obj_t modposix_spawn(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_argv, ARG_fds, ARG_env, ARG_cwd, ARG_limits, ARG_uid, ARG_gid };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_argv, MP_ARG_REQUIRED | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
        { MP_QSTR_fds, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
        { MP_QSTR_env, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
        { MP_QSTR_cwd, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
        { MP_QSTR_limits, MP_ARG_KW_ONLY | MP_ARG_OBJ, { .u_rom_obj = MP_ROM_PTR(&mp_const_empty_tuple_obj) } },
        { MP_QSTR_uid, MP_ARG_KW_ONLY | MP_ARG_INT, { .u_int = -1 } },
        { MP_QSTR_gid, MP_ARG_KW_ONLY | MP_ARG_INT, { .u_int = -1 } },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    static int standard_fds[] = { 0, 1, 2 };
    child_t child = { .n_fds = 3, .fds = standard_fds, .uid = args[ARG_uid].u_int, .gid = args[ARG_gid].u_int };
    child.argv = get_strings(args[ARG_argv].u_obj);
    if (child.argv[0] == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("argv must not be empty"));
    }
    if (args[ARG_fds].u_obj != mp_const_none) {
        get_fds(&child, args[ARG_fds].u_obj);
    }
    if (args[ARG_env].u_obj != mp_const_none) {
        child.env = get_strings(args[ARG_env].u_obj);
    }
    if (args[ARG_cwd].u_obj != mp_const_none) {
        child.cwd = mp_obj_str_get_str(args[ARG_cwd].u_obj);
    }
    get_limits(&child, args[ARG_limits].u_obj);

    int report[2], err = 0;
    RAISE_ERRNO(pipe2(report, O_CLOEXEC), errno);
    child.report = report[1];
    MP_THREAD_GIL_EXIT();
    pid_t pid = fork_child(&child);
    err = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0) {
        // Until exec closes the other end.
        ssize_t n;
        do {
            n = read(report[0], &err, sizeof(err));
        } while (n < 0 && errno == EINTR);
        if (n > 0) {
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
            }
        }
    }
    close(report[0]);
    MP_THREAD_GIL_ENTER();
    if (err != 0) {
        mp_raise_OSError(err);
    }
    return mp_obj_new_int(pid);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(modposix_spawn_obj, 1, modposix_spawn);

// Signals and time

static void pass_on(int sig) {
    (void)sig;
    int err = errno;
    kill(getpid(), SIGINT);
    errno = err;
}

// From now on SIGTERM is as Ctrl-C: KeyboardInterrupt in the main thread. With -m MicroPython leaves
// Ctrl-C to the system; no longer.
static mp_obj_t modposix_sigterm_interrupts(void) {
    mp_hal_set_interrupt_char(CHAR_CTRL_C);
    struct sigaction action = { .sa_handler = pass_on };
    sigemptyset(&action.sa_mask);
    return none_or_raise(sigaction(SIGTERM, &action, NULL));
}
static MP_DEFINE_CONST_FUN_OBJ_0(modposix_sigterm_interrupts_obj, modposix_sigterm_interrupts);

// Seconds, as CPython's time.monotonic().
static mp_obj_t modposix_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return mp_obj_new_float((mp_float_t)now.tv_sec + now.tv_nsec * MICROPY_FLOAT_CONST(1e-9));
}
static MP_DEFINE_CONST_FUN_OBJ_0(modposix_monotonic_obj, modposix_monotonic);

static const mp_rom_map_elem_t modposix_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_posix) },
    { MP_ROM_QSTR(MP_QSTR_pipe), MP_ROM_PTR(&modposix_pipe_obj) },
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&modposix_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&modposix_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&modposix_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_blocking), MP_ROM_PTR(&modposix_set_blocking_obj) },
    { MP_ROM_QSTR(MP_QSTR_umask), MP_ROM_PTR(&modposix_umask_obj) },
    { MP_ROM_QSTR(MP_QSTR_chmod), MP_ROM_PTR(&modposix_chmod_obj) },
    { MP_ROM_QSTR(MP_QSTR_link), MP_ROM_PTR(&modposix_link_obj) },
    { MP_ROM_QSTR(MP_QSTR_map), MP_ROM_PTR(&modposix_map_obj) },
    { MP_ROM_QSTR(MP_QSTR_openpty), MP_ROM_PTR(&modposix_openpty_obj) },
    { MP_ROM_QSTR(MP_QSTR_tcsetwinsize), MP_ROM_PTR(&modposix_tcsetwinsize_obj) },
    { MP_ROM_QSTR(MP_QSTR_getpid), MP_ROM_PTR(&modposix_getpid_obj) },
    { MP_ROM_QSTR(MP_QSTR_kill), MP_ROM_PTR(&modposix_kill_obj) },
    { MP_ROM_QSTR(MP_QSTR_waitpid), MP_ROM_PTR(&modposix_waitpid_obj) },
    { MP_ROM_QSTR(MP_QSTR_pidfd_open), MP_ROM_PTR(&modposix_pidfd_open_obj) },
    { MP_ROM_QSTR(MP_QSTR_spawn), MP_ROM_PTR(&modposix_spawn_obj) },
    { MP_ROM_QSTR(MP_QSTR_sigterm_interrupts), MP_ROM_PTR(&modposix_sigterm_interrupts_obj) },
    { MP_ROM_QSTR(MP_QSTR_monotonic), MP_ROM_PTR(&modposix_monotonic_obj) },
    { MP_ROM_QSTR(MP_QSTR_WNOHANG), MP_ROM_INT(WNOHANG) },
    { MP_ROM_QSTR(MP_QSTR_SIGHUP), MP_ROM_INT(SIGHUP) },
    { MP_ROM_QSTR(MP_QSTR_SIGTERM), MP_ROM_INT(SIGTERM) },
    { MP_ROM_QSTR(MP_QSTR_SIGKILL), MP_ROM_INT(SIGKILL) },
    { MP_ROM_QSTR(MP_QSTR_RLIMIT_AS), MP_ROM_INT(RLIMIT_AS) },
    { MP_ROM_QSTR(MP_QSTR_RLIMIT_CPU), MP_ROM_INT(RLIMIT_CPU) },
    { MP_ROM_QSTR(MP_QSTR_RLIMIT_FSIZE), MP_ROM_INT(RLIMIT_FSIZE) },
    { MP_ROM_QSTR(MP_QSTR_RLIMIT_NOFILE), MP_ROM_INT(RLIMIT_NOFILE) },
};
static MP_DEFINE_CONST_DICT(modposix_globals, modposix_globals_table);

const mp_obj_module_t mp_module_posix = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&modposix_globals,
};

MP_REGISTER_MODULE(MP_QSTR_posix, mp_module_posix);
