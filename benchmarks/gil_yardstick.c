// The cases of gil_cases.py that have a meaning in C, on plain pthreads: what the system itself
// costs, without an interpreter and without a GIL.
//
//     gil_yardstick CASE NUMBER...      prints what gil_cases.py prints
//
// This file is part of micropython-threading, MIT licence.

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS (64)
#define STEPS (500)
#define SLEEP_US (10000)
#define WINDOW_US (100000)
#define WARM_UP (5)

static pthread_t threads[MAX_THREADS];
static int n_threads;

static int64_t now_us(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void sleep_us(int64_t us) {
    struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    nanosleep(&ts, NULL);
}

static void start(void *(*function)(void *), void *arg) {
    if (n_threads == MAX_THREADS
        || pthread_create(&threads[n_threads], NULL, function, arg) != 0) {
        abort();
    }
    ++n_threads;
}

static void join_all(void) {
    while (n_threads > 0) {
        pthread_join(threads[--n_threads], NULL);
    }
}

static void work(void) {
    for (volatile int i = 0; i < STEPS; ++i) {
    }
}

// lateness HOGS SAMPLES

static bool stop;

static void *busy(void *arg) {
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        work();
    }
    return arg;
}

static void lateness(int hogs, int samples) {
    for (int i = 0; i < hogs; ++i) {
        start(busy, NULL);
    }
    printf("[");
    for (int i = 0; i < samples + WARM_UP; ++i) {
        int64_t begin = now_us();
        sleep_us(SLEEP_US);
        int64_t late = now_us() - begin - SLEEP_US;
        if (i >= WARM_UP) {
            printf(i == WARM_UP ? "%lld" : ", %lld", (long long)late);
        }
    }
    printf("]\n");
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    join_all();
}

// progress HOGS SLEEPERS WINDOWS

static struct {
    int64_t start;
    int windows;
} measured;

typedef struct {
    bool sleeps;
    int64_t *counts; // one a window
    int64_t last;
    int64_t pause;
} progress_t;

static bool progress_add(progress_t *progress, int steps) {
    int64_t now = now_us();
    int64_t end = measured.start + (int64_t)measured.windows * WINDOW_US;
    if (now > measured.start) {
        int64_t pause = (now < end ? now : end) - progress->last;
        progress->pause = pause > progress->pause ? pause : progress->pause;
        progress->last = now;
        if (now < end) {
            progress->counts[(now - measured.start) / WINDOW_US] += steps;
        }
    }
    return now < end;
}

static void *progress_thread(void *arg) {
    progress_t *progress = arg;
    while (progress_add(progress, progress->sleeps ? 1 : STEPS)) {
        if (progress->sleeps) {
            sleep_us(SLEEP_US);
        } else {
            work();
        }
    }
    return NULL;
}

static void progress(int hogs, int sleepers, int windows) {
    progress_t all[MAX_THREADS] = { 0 };
    measured.start = now_us() + 2 * WINDOW_US;
    measured.windows = windows;
    for (int i = 0; i < hogs + sleepers; ++i) {
        all[i].sleeps = i >= hogs;
        all[i].last = measured.start;
        all[i].counts = calloc(windows, sizeof(int64_t));
        start(progress_thread, &all[i]);
    }
    join_all();
    int64_t least[2] = { INT64_MAX, INT64_MAX };
    int64_t pause = 0;
    for (int i = 0; i < hogs + sleepers; ++i) {
        for (int w = 0; w < windows; ++w) {
            int64_t *l = &least[all[i].sleeps];
            *l = all[i].counts[w] < *l ? all[i].counts[w] : *l;
        }
        pause = all[i].pause > pause ? all[i].pause : pause;
        free(all[i].counts);
    }
    printf("[%lld, %lld, %lld]\n", (long long)least[0], (long long)least[1], (long long)pause);
}

// ping_pong_lock ROUNDS: two semaphores. ping_pong_event ROUNDS: flags with a condition variable.

typedef struct {
    sem_t sem;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool flag;
} gate_t;

static gate_t gates[2];
static int rounds;
static void (*gate_open)(gate_t *);
static void (*gate_pass)(gate_t *);

static void sem_open_gate(gate_t *gate) {
    sem_post(&gate->sem);
}

static void sem_pass_gate(gate_t *gate) {
    sem_wait(&gate->sem);
}

static void cond_open_gate(gate_t *gate) {
    pthread_mutex_lock(&gate->mutex);
    gate->flag = true;
    pthread_mutex_unlock(&gate->mutex);
    pthread_cond_signal(&gate->cond);
}

static void cond_pass_gate(gate_t *gate) {
    pthread_mutex_lock(&gate->mutex);
    while (!gate->flag) {
        pthread_cond_wait(&gate->cond, &gate->mutex);
    }
    gate->flag = false;
    pthread_mutex_unlock(&gate->mutex);
}

static void *pong(void *arg) {
    for (int i = 0; i < rounds; ++i) {
        gate_pass(&gates[0]);
        gate_open(&gates[1]);
    }
    return arg;
}

// System calls are counted from one mark in strace's output to the next.
static void mark(void) {
    if (access("/no-such-file-but-a-mark", F_OK) == 0) {
        abort();
    }
}

static void print_each(int64_t begin) {
    printf("[%f]\n", (double)(now_us() - begin) / (rounds > 0 ? rounds : 1));
}

static void ping_pong(void (*open)(gate_t *), void (*pass)(gate_t *)) {
    gate_open = open;
    gate_pass = pass;
    for (int i = 0; i < 2; ++i) {
        sem_init(&gates[i].sem, 0, 0);
        pthread_mutex_init(&gates[i].mutex, NULL);
        pthread_cond_init(&gates[i].cond, NULL);
    }
    start(pong, NULL);
    mark();
    int64_t begin = now_us();
    for (int i = 0; i < rounds; ++i) {
        gate_open(&gates[0]);
        gate_pass(&gates[1]);
    }
    mark();
    print_each(begin);
    join_all();
}

// start_join ROUNDS

static void *nothing(void *arg) {
    return arg;
}

static void start_join(void) {
    int64_t begin = now_us();
    for (int i = 0; i < rounds; ++i) {
        start(nothing, NULL);
        join_all();
    }
    print_each(begin);
}

int main(int argc, char **argv) {
    int numbers[3] = { 0 };
    for (int i = 2; i < argc && i < 5; ++i) {
        numbers[i - 2] = atoi(argv[i]);
    }
    const char *name = argc > 1 ? argv[1] : "";
    rounds = numbers[0];
    // As our interpreter does, or the comparison would be in our favour by 50 us.
    prctl(PR_SET_TIMERSLACK, 1);
    if (strcmp(name, "lateness") == 0) {
        lateness(numbers[0], numbers[1]);
    } else if (strcmp(name, "progress") == 0 && numbers[0] + numbers[1] <= MAX_THREADS) {
        progress(numbers[0], numbers[1], numbers[2]);
    } else if (strcmp(name, "ping_pong_lock") == 0) {
        ping_pong(sem_open_gate, sem_pass_gate);
    } else if (strcmp(name, "ping_pong_event") == 0) {
        ping_pong(cond_open_gate, cond_pass_gate);
    } else if (strcmp(name, "start_join") == 0) {
        start_join();
    } else {
        return 2;
    }
    return 0;
}
