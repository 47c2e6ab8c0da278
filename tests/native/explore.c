// The explorer. The contract is in explore.h.
//
// This file is part of micropython-threading, MIT licence.

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "explore.h"

#define STACK_SIZE (64 * 1024)
#define MAX_CHOICES (4096) // a run that makes more does not end
#define MAX_SHOWN (300) // of a run that does not end
#define SCHEDULER (-1)

typedef enum { READY, WAITING, TIMED_WAITING, DONE } state_t;

typedef struct {
    ucontext_t context; // where it begins
    bool begun;
    jmp_buf here; // where it goes on; jumps make no system call
    char stack[STACK_SIZE];
    state_t state;
    uint32_t *word; // waits on it
    int result; // of its futex wait
} coroutine_t;

static coroutine_t threads[EXPLORE_MAX_THREADS];
static jmp_buf scheduler;
static const explore_t *program;
static int running = SCHEDULER;
static bool atomic;
static int preemptions, interruptions;

// The choices of this run: those up to `length` are given, the rest are first choices.
static struct {
    short taken, of;
} choices[MAX_CHOICES];
static int position, length;

static jmp_buf failed;
static bool expect_failure;

static void switched(int to) {
    int from = running;
    running = to;
    if (program->on_switch != NULL && from != to) {
        program->on_switch(from, to);
    }
}

void explore_fail(const char *what, const char *file, int line) {
    if (!expect_failure) {
        fprintf(stderr, "%s: failed: %s (%s:%d)\nchoices:", program->name, what, file, line);
        for (int i = 0; i < position && i < MAX_SHOWN; ++i) {
            fprintf(stderr, " %d/%d", choices[i].taken, choices[i].of);
        }
        fprintf(stderr, "\n");
        exit(1);
    }
    switched(SCHEDULER);
    longjmp(failed, 1);
}

int explore_choose(int n) {
    if (n == 1) {
        return 0;
    }
    if (position == MAX_CHOICES) {
        explore_fail("the run ends", __FILE__, __LINE__);
    }
    if (position == length) {
        choices[position].taken = 0;
        choices[position].of = n;
        ++length;
    }
    return choices[position++].taken;
}

int explore_self(void) {
    return running;
}

static void to_scheduler(void) {
    int who = running;
    switched(SCHEDULER);
    if (_setjmp(threads[who].here) == 0) {
        _longjmp(scheduler, 1);
    }
}

static void to_thread(int who) {
    switched(who);
    if (_setjmp(scheduler) == 0) {
        if (threads[who].begun) {
            _longjmp(threads[who].here, 1);
        }
        threads[who].begun = true;
        setcontext(&threads[who].context);
    }
}

void explore_point(void) {
    if (running != SCHEDULER && !atomic) {
        to_scheduler();
    }
}

void explore_atomic(bool begins) {
    atomic = begins;
}

void explore_begin(int who) {
    threads[who].state = READY;
}

int explore_futex_wait(uint32_t *word, uint32_t value, bool timed) {
    explore_point();
    if (*word != value) {
        return EAGAIN;
    }
    coroutine_t *self = &threads[running];
    self->state = timed ? TIMED_WAITING : WAITING;
    self->word = word;
    self->result = 0;
    to_scheduler();
    return self->result;
}

void explore_futex_wake(uint32_t *word, int n) {
    explore_point();
    for (int i = 0; i < program->threads && n > 0; ++i) {
        coroutine_t *thread = &threads[i];
        if ((thread->state == WAITING || thread->state == TIMED_WAITING) && thread->word == word) {
            thread->state = READY;
            --n;
        }
    }
}

static void entry(int who) {
    program->body(who);
    threads[who].state = DONE;
    to_scheduler();
}

// Whether the thread may go on, and with which result of its wait if it has one.
static bool may_run(coroutine_t *thread, int *result) {
    *result = thread->result;
    switch (thread->state) {
        case READY:
            return true;
        case TIMED_WAITING:
            *result = ETIMEDOUT;
            return true;
        case WAITING:
            *result = EINTR;
            return interruptions < program->interruptions;
        default:
            return false;
    }
}

// Runs the threads until all are done. `last` goes on first: its choice is number 0.
static void run(void) {
    int last = 0;
    for (;;) {
        int order[EXPLORE_MAX_THREADS], n = 0, result;
        bool last_ready = threads[last].state == READY;
        bool only_last = last_ready && preemptions == program->preemptions;
        for (int i = 0; i < program->threads; ++i) {
            int who = (last + i) % program->threads;
            if (may_run(&threads[who], &result) && (who == last || !only_last)) {
                order[n++] = who;
            }
        }
        if (n == 0) {
            for (int i = 0; i < program->threads; ++i) {
                if (threads[i].state != DONE) {
                    explore_fail("nobody waits for ever", __FILE__, __LINE__);
                }
            }
            return;
        }
        // An interruption alone does not excuse a deadlock: it need not come.
        bool only_interruptions = true;
        for (int i = 0; i < n; ++i) {
            only_interruptions &= threads[order[i]].state == WAITING;
        }
        if (only_interruptions) {
            explore_fail("nobody waits for an interruption", __FILE__, __LINE__);
        }
        int who = order[explore_choose(n)];
        preemptions += last_ready && who != last;
        coroutine_t *thread = &threads[who];
        may_run(thread, &result);
        interruptions += thread->state == WAITING;
        thread->result = result;
        thread->state = READY;
        last = who;
        to_thread(who);
    }
}

static bool next_sequence(void) {
    while (length > 0 && choices[length - 1].taken + 1 == choices[length - 1].of) {
        --length;
    }
    if (length == 0) {
        return false;
    }
    ++choices[length - 1].taken;
    return true;
}

long explore(const explore_t *program_in, bool expect_failure_in) {
    static long runs;
    program = program_in;
    expect_failure = expect_failure_in;
    length = 0;
    runs = 0;
    do {
        ++runs;
        position = preemptions = interruptions = 0;
        running = SCHEDULER;
        atomic = false;
        if (program->setup != NULL) {
            program->setup();
        }
        for (int i = 0; i < program->threads; ++i) {
            coroutine_t *thread = &threads[i];
            getcontext(&thread->context);
            thread->context.uc_stack.ss_sp = thread->stack;
            thread->context.uc_stack.ss_size = STACK_SIZE;
            thread->context.uc_link = NULL;
            thread->state = i < program->threads - program->late ? READY : DONE;
            thread->begun = false;
            thread->result = 0;
            makecontext(&thread->context, (void (*)(void))entry, 1, i);
        }
        if (setjmp(failed) != 0) {
            return runs;
        }
        run();
        if (program->check != NULL) {
            program->check();
        }
    } while (next_sequence());
    return expect_failure ? 0 : runs;
}
