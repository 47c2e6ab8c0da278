// Runs a few threads in every order that matters, one at a time: a checker for small concurrent code.
//
//     static void body(int who) { futex_mutex_lock(&m); ++n; futex_mutex_unlock(&m); }
//     EXPLORE(3, body, .setup = reset, .check = all_done, .preemptions = 2);
//
// Every access to shared memory is a point where another thread may go on (fake/futex.h and the
// macros below make it so). The explorer runs the program again and again, each time with the next
// sequence of choices, until there is none left: all interleavings with at most so many preemptions
// (switches away from a thread that could go on), all timeouts, and so many interruptions. A failed
// assertion, a deadlock, or a run that does not end prints the choices that lead there.
//
// Threads are coroutines (ucontext), so a run is deterministic.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_EXPLORE_H
#define INCLUDED_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#define EXPLORE_MAX_THREADS (5)

typedef struct {
    const char *name;
    int threads;
    void (*body)(int who);
    void (*setup)(void); // before each run
    void (*check)(void); // after each run
    int preemptions; // at most so many switches away from a thread that could go on
    int interruptions; // at most so many futex waits end with EINTR
    int late; // so many threads, the last ones, run only after explore_begin()
    void (*on_switch)(int from, int to); // -1: no thread of the program
} explore_t;

// Returns how many runs there were; does not return if one fails, unless failure is expected: then
// the number of the run that failed, or 0 if none did.
long explore(const explore_t *program, bool expect_failure);

// Another thread may run here.
void explore_point(void);

// From true to false no other thread runs, whatever the points on the way.
void explore_atomic(bool begins);

// Lets one of the late threads run.
void explore_begin(int who);

// A choice among n, each of which is tried.
int explore_choose(int n);

// Which thread runs.
int explore_self(void);

// Blocks until *word changes from value or a wake, a timeout (if timed) or an interruption comes.
int explore_futex_wait(uint32_t *word, uint32_t value, bool timed);
void explore_futex_wake(uint32_t *word, int n);

// Fails the run.
void explore_fail(const char *what, const char *file, int line);
#define EXPLORE_ASSERT(cond) do { if (!(cond)) explore_fail(#cond, __FILE__, __LINE__); } while (0)

#endif // INCLUDED_EXPLORE_H
