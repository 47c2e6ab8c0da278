// The launcher: starts the agent, and another version of it when one does not hold.
//
//     launcher [-b SECONDS] [-w WATCHDOG] DATA FACTORY [ARG]...     the folders with their whole names
//
// A slot is a folder with all that a version of the agent is: its interpreter `micropython`, and its
// Python files. DATA/a and DATA/b are slots; FACTORY, which is read-only, is the last resort. The
// launcher runs `./micropython ARG...` with the slot as the working folder; in FACTORY with one more
// argument, `rescue`.
//
// -b      the agent writes a byte to descriptor 3 at least so often; one that does not is killed
// -w      a watchdog of the system, fed while the agent beats (or runs, without -b)
//
// Which slot: the boot record, DATA/boot, 8 bytes: 1, the active slot ('a' or 'b'), the one on trial
// or '-', the tries that it has left, and the CRC-32 of these, little-endian. The agent puts a new version
// on trial; the new version ends its trial by making itself the active one. Each start of a trial costs
// a try, which is written before the start, and one that crashes costs a second: a power cut weighs
// half. After the last one the active slot runs again. A record that cannot be read means slot a.
//
// Three runs in a row that crash, none of them longer than ten minutes, and the other slot has its turn;
// three of that, and FACTORY has. A run there, however it ends, is followed by the record's slot.
//
// How a run ends: with 75 it asks to be started again at once, with 0 after a pause. All else is a crash:
// DATA/crash then says which slot, what happened, and the last that went to standard error. SIGTERM and
// SIGINT end the agent, then the launcher, with status 0.
//
// Everything is replaced by rename and fsync, so a power cut leaves the old or the new. Static, without
// the C library's stdio and heap: some 9 KB on ARM.
//
// This file is part of micropython-threading, MIT licence.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Seconds. The tests have shorter ones.
#ifndef LONG_RUN
#define LONG_RUN (600) // a crash after so long is not one of a row
#endif
#ifndef FIRST_PAUSE
#define FIRST_PAUSE (1) // between runs; it doubles with each crash of a row
#endif
#ifndef MOST_PAUSE
#define MOST_PAUSE (60)
#endif
#ifndef END_TIME
#define END_TIME (30) // from SIGTERM to SIGKILL
#endif
#ifndef FEED_EVERY
#define FEED_EVERY (5) // the watchdog
#endif

#define CRASHES (3) // in a row, then the next slot
#define BEAT_FD (3)
#define EXIT_AGAIN (75)
#define TAIL (1024) // of standard error

typedef struct {
    uint8_t version, active, trial, tries;
    uint8_t crc[4];
} record_t;

typedef enum { AGAIN, ENDED, CRASHED } outcome_t;

static int folder; // DATA, which is also the working folder
static int watchdog = -1;
static int beat_seconds;
static volatile sig_atomic_t asked_to_end;
static char tail[TAIL];
static size_t tail_len;

static void say(const char *text) {
    (void)!write(2, text, strlen(text));
}

static int64_t now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

/******************************************************************************/
// Files

// The tests cut the power before the n-th change.
#ifdef LAUNCHER_CUT
#include <stdlib.h>
static void change(void) {
    static int n;
    const char *cut = getenv("LAUNCHER_CUT");
    if (cut != NULL && ++n == atoi(cut)) {
        kill(0, SIGKILL);
    }
}
#else
#define change()
#endif

static bool write_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= n;
    }
    return true;
}

static bool replace(const char *name, const char *new_name, const void *bytes, size_t len) {
    change();
    int fd = open(new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return false;
    }
    change();
    bool ok = write_all(fd, bytes, len) && fsync(fd) == 0;
    close(fd);
    change();
    ok = ok && rename(new_name, name) == 0;
    change();
    return ok && fsync(folder) == 0;
}

static void crc32(const uint8_t *bytes, size_t len, uint8_t *out) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < len; ++i) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    for (int i = 0; i < 4; ++i) {
        out[i] = ~crc >> 8 * i;
    }
}

static bool is_slot(uint8_t slot) {
    return slot == 'a' || slot == 'b';
}

static void read_record(record_t *record) {
    uint8_t crc[4];
    *record = (record_t) { 0 };
    int fd = open("boot", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, record, sizeof(*record));
    close(fd);
    crc32((uint8_t *)record, 4, crc);
    if (n != sizeof(*record) || memcmp(crc, record->crc, 4) != 0 || record->version != 1
        || !is_slot(record->active)) {
        *record = (record_t) { 1, 'a', '-', 0, { 0 } };
    }
}

static bool write_record(record_t *record) {
    crc32((uint8_t *)record, 4, record->crc);
    return replace("boot", "boot.new", record, sizeof(*record));
}

/******************************************************************************/
// A run

static char *put_text(char *to, const char *text) {
    while (*text != '\0') {
        *to++ = *text++;
    }
    return to;
}

static char *put_number(char *to, unsigned n) {
    if (n >= 10) {
        to = put_number(to, n / 10);
    }
    *to++ = '0' + n % 10;
    return to;
}

static void write_crash(const char *slot, const char *what, int number) {
    static char text[64 + TAIL];
    // FACTORY may have a long name.
    char *end = put_text(put_text(put_text(text, slot[1] == '\0' ? slot : "factory"), " "), what);
    if (number >= 0) {
        end = put_number(put_text(end, " "), number);
    }
    end = put_text(end, "\n");
    *end = '\0';
    say("launcher: ");
    say(text);
    memcpy(end, tail, tail_len);
    replace("crash", "crash.new", text, end + tail_len - text);
}

static void keep_tail(int fd) {
    char bytes[256];
    ssize_t n = read(fd, bytes, sizeof(bytes));
    if (n <= 0) {
        return;
    }
    (void)!write(2, bytes, n);
    if (tail_len + n > TAIL) {
        size_t over = tail_len + n - TAIL;
        memmove(tail, tail + over, tail_len - over);
        tail_len -= over;
    }
    memcpy(tail + tail_len, bytes, n);
    tail_len += n;
}

static void on_signal(int signum) {
    if (signum != SIGCHLD) {
        asked_to_end = 1;
    }
}

static sigset_t usual; // the mask while waiting; else our signals are blocked

// Waits until a descriptor can be read, a signal comes or the seconds are over. Returns as poll().
static int wait_for(struct pollfd *fds, nfds_t n, int seconds) {
    struct timespec ts = { seconds, 0 };
    return ppoll(fds, n, &ts, &usual);
}

static void feed(void) {
    if (watchdog >= 0) {
        (void)!write(watchdog, "1", 1);
    }
}

static void start(const char *slot, char **args, int beat, int err) {
    setpgid(0, 0);
    // Two agents at a time would be worse than none.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(err, 2);
    dup2(beat, BEAT_FD);
    sigprocmask(SIG_SETMASK, &usual, NULL);
    if (chdir(slot) == 0) {
        execv("./micropython", args);
    }
    say("no micropython that runs in ");
    say(slot);
    say("\n");
    _exit(127);
}

// Runs the agent once, to its end.
static outcome_t run(const char *slot, char **args) {
    int beat[2], err[2], status = 0;
    tail_len = 0;
    if (pipe2(beat, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
        return CRASHED;
    }
    // fork(), without what the C library does around it for programs with threads.
    pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        start(slot, args, beat[1], err[1]);
    }
    close(beat[1]);
    close(err[1]);
    const char *killed = NULL;
    int64_t last_beat = now(), end_by = INT64_MAX;
    struct pollfd fds[] = { { beat[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };
    while (pid > 0 && waitpid(pid, &status, WNOHANG) != pid) {
        if (asked_to_end && end_by == INT64_MAX) {
            kill(pid, SIGTERM);
            end_by = now() + END_TIME;
        }
        bool late = beat_seconds > 0 && now() - last_beat > beat_seconds;
        if (!late) {
            feed();
        } else if (killed == NULL) {
            killed = "no beat";
        }
        if (late || now() >= end_by) {
            kill(-pid, SIGKILL);
        }
        int wait = beat_seconds > 0 && beat_seconds < FEED_EVERY ? 1 : FEED_EVERY;
        if (wait_for(fds, 2, wait) <= 0) {
            continue;
        }
        char bytes[64];
        if ((fds[0].revents & POLLIN) && read(beat[0], bytes, sizeof(bytes)) > 0) {
            last_beat = now();
        }
        if (fds[1].revents & POLLIN) {
            keep_tail(err[0]);
        }
        // The end of a pipe that the agent has closed is no reason to look again.
        for (size_t i = 0; i < 2; ++i) {
            if ((fds[i].revents & (POLLIN | POLLHUP)) == POLLHUP) {
                fds[i].fd = -1;
            }
        }
    }
    if (pid > 0) {
        kill(-pid, SIGKILL); // what it has left behind
        while (fds[1].fd >= 0 && poll(&fds[1], 1, 0) > 0 && (fds[1].revents & POLLIN)) {
            keep_tail(err[0]);
        }
    }
    close(beat[0]);
    close(err[0]);
    if (asked_to_end || (pid > 0 && status == 0)) {
        return ENDED;
    } else if (pid < 0) {
        write_crash(slot, "no process", -1);
    } else if (killed != NULL) {
        write_crash(slot, killed, -1);
    } else if (WIFSIGNALED(status)) {
        write_crash(slot, "signal", WTERMSIG(status));
    } else if (WEXITSTATUS(status) == EXIT_AGAIN) {
        return AGAIN;
    } else {
        write_crash(slot, "exit", WEXITSTATUS(status));
    }
    return CRASHED;
}

/******************************************************************************/
// Which slot

// Of the record's slot, the other one, FACTORY: how far down we are.
typedef enum { CHOSEN, OTHER, RESCUE } level_t;

// Whether a trial has a try left, which it has then spent. A try that cannot be written is none: the
// trial would never end.
static bool take_try(record_t *record) {
    if (!is_slot(record->trial)) {
        return false;
    }
    bool left = record->tries > 0;
    if (left) {
        --record->tries;
    } else {
        record->trial = '-';
    }
    return write_record(record) && left;
}

static void pause_for(int seconds) {
    int64_t end = now() + seconds;
    while (!asked_to_end && now() < end) {
        feed();
        wait_for(NULL, 0, 1);
    }
}

static int usage(void) {
    say("usage: launcher [-b SECONDS] [-w WATCHDOG] DATA FACTORY [ARG]...\n");
    return 2;
}

static int number(const char *text) {
    int n = 0;
    for (; *text >= '0' && *text <= '9'; ++text) {
        n = 10 * n + *text - '0';
    }
    return *text == '\0' ? n : -1;
}

int main(int argc, char **argv) {
    char **args = argv + 1;
    for (; args[0] != NULL && args[0][0] == '-' && args[1] != NULL; args += 2) {
        bool ok = false;
        if (strcmp(args[0], "-b") == 0) {
            beat_seconds = number(args[1]);
            ok = beat_seconds > 0;
        } else if (strcmp(args[0], "-w") == 0) {
            watchdog = open(args[1], O_WRONLY | O_CLOEXEC);
            ok = watchdog >= 0;
        }
        if (!ok) {
            return usage();
        }
    }
    if (args[0] == NULL || args[1] == NULL) {
        return usage();
    }
    folder = open(args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || chdir(args[0]) != 0) {
        say("launcher: no folder ");
        say(args[0]);
        say("\n");
        return 1;
    }
    const char *factory = *++args;
    args[0] = "micropython";
    size_t n_args = argv + argc - args;
    char *rescue_args[n_args + 2];
    memcpy(rescue_args, args, n_args * sizeof(*args));
    rescue_args[n_args] = "rescue";
    rescue_args[n_args + 1] = NULL;

    sigset_t ours;
    sigemptyset(&ours);
    const int signals[] = { SIGCHLD, SIGTERM, SIGINT };
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); ++i) {
        struct sigaction action = { .sa_handler = on_signal };
        sigaction(signals[i], &action, NULL);
        sigaddset(&ours, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &ours, &usual);

    level_t level = CHOSEN;
    int crashes = 0, pause = FIRST_PAUSE; // of the row
    while (!asked_to_end) {
        record_t record;
        read_record(&record);
        bool trial = level == CHOSEN && take_try(&record);
        char slot[] = { trial ? record.trial : record.active, '\0' };
        if (level == OTHER) {
            slot[0] ^= 'a' ^ 'b';
        }
        int64_t begin = now();
        outcome_t outcome = level == RESCUE ? run(factory, rescue_args) : run(slot, args);
        if (outcome != CRASHED || now() - begin >= LONG_RUN) {
            crashes = 0;
            pause = FIRST_PAUSE;
        }
        if (level == RESCUE || outcome == AGAIN) {
            level = CHOSEN;
            crashes = 0;
        } else if (trial && outcome == CRASHED) {
            // The second try that it costs. The agent may have ended the trial meanwhile.
            read_record(&record);
            if (record.trial == (uint8_t)slot[0] && record.tries > 0) {
                --record.tries;
                write_record(&record);
            }
        } else if (outcome == CRASHED && ++crashes == CRASHES) {
            ++level;
            crashes = 0;
            pause = FIRST_PAUSE;
        }
        if (outcome != AGAIN) {
            pause_for(pause);
            pause = 2 * pause < MOST_PAUSE ? 2 * pause : MOST_PAUSE;
        }
    }
    if (watchdog >= 0) {
        (void)!write(watchdog, "V", 1); // it stops, where it can
    }
    return 0;
}
