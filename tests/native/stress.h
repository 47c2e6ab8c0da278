// What the stress programs of this folder share. Included once, first.
//
// This file is part of micropython-threading, MIT licence.

#define _GNU_SOURCE 1
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHECK(x) do { \
        if (!(x)) { \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #x); \
            abort(); \
        } \
} while (0)

static int64_t end_ns; // read-only once the threads run
static long operations_done; // atomic

static int64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// Short, or over already: nobody waits longer than the others go on.
static int64_t some_deadline(unsigned *seed) {
    static const int ns[] = { 0, 1000, 20000, 200000 };
    return now_ns() + ns[(unsigned)rand_r(seed) % 4];
}

static bool stress_is_over(void) {
    return now_ns() >= end_ns;
}

static void count_operation(void) {
    __atomic_add_fetch(&operations_done, 1, __ATOMIC_RELAXED);
}

static void stress_run(int argc, char **argv, int n, void *(*body)(void *)) {
    CHECK(argc == 3 && n <= 16);
    unsigned seed = (unsigned)atoi(argv[2]);
    end_ns = now_ns() + (int64_t)(atof(argv[1]) * 1e9);
    pthread_t threads[16];
    for (int i = 0; i < n; ++i) {
        CHECK(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)(seed + (unsigned)i)) == 0);
    }
    for (int i = 0; i < n; ++i) {
        pthread_join(threads[i], NULL);
    }
    printf("ok %ld operations, seed %u\n", operations_done, seed);
}
