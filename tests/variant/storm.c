// Loaded into the interpreter by signal_storm.py (LD_PRELOAD): SIGUSR1, SIGALRM and SIGCHLD have handlers
// that do nothing, and a thread of its own sends one of them to some other thread of the process,
// again and again, after a random pause of some microseconds. So every system call may end with EINTR at
// any moment. STORM_SEED begins the random numbers; the number of signals is
// added to the file STORM_COUNT in the end.
//
// This file is part of micropython-threading, MIT licence.

#define _GNU_SOURCE 1
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_PAUSE_NS (400 * 1000)

static const int signals[] = { SIGUSR1, SIGALRM, SIGCHLD };
static unsigned seed;
static long sent; // by the one thread

static void on_signal(int signum) {
    (void)signum;
}

static void send_to_one(DIR *threads, pid_t self) {
    pid_t found = 0;
    int n = 0;
    rewinddir(threads);
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        pid_t tid = atoi(entry->d_name);
        // Each of n is taken with a chance of 1/n.
        if (tid != 0 && tid != self && rand_r(&seed) % ++n == 0) {
            found = tid;
        }
    }
    if (found != 0 && syscall(SYS_tgkill, getpid(), found, signals[rand_r(&seed) % 3]) == 0) {
        ++sent;
    }
}

static void *blow(void *arg) {
    DIR *threads = opendir("/proc/self/task");
    pid_t self = syscall(SYS_gettid);
    while (threads != NULL) {
        struct timespec pause = { 0, rand_r(&seed) % LONGEST_PAUSE_NS };
        nanosleep(&pause, NULL);
        send_to_one(threads, self);
    }
    return arg;
}

static void __attribute__((constructor)) begin(void) {
    struct sigaction action = { .sa_handler = on_signal }; // no SA_RESTART
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); ++i) {
        sigaction(signals[i], &action, NULL);
    }
    const char *text = getenv("STORM_SEED");
    seed = text == NULL ? 1 : (unsigned)strtoul(text, NULL, 10);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // Ctrl-C is for the others
    pthread_t thread;
    pthread_create(&thread, NULL, blow, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void __attribute__((destructor)) end(void) {
    const char *path = getenv("STORM_COUNT");
    FILE *file = path == NULL ? NULL : fopen(path, "a");
    if (file != NULL) {
        fprintf(file, "%ld\n", sent);
        fclose(file);
    }
}
