// Real threads on the GIL (variants/threads/gil.c), for a sanitizer to watch:
//
//     stress_gil SECONDS SEED
//
// What the GIL guards is plain memory, so that a GIL that lets two in is a data race.
//
// This file is part of micropython-threading, MIT licence.

#include "stress.h"

#include "futex.h"
#include "gil.c"

#define THREADS (6)

// Under the GIL.
static long held;
static gil_node_t *parked[THREADS];
static int n_parked;
static long unparked, woken;

static gil_node_t *nodes[THREADS]; // atomic: for gil_interrupt(), which needs no GIL; the nodes stay

static __thread unsigned asked;

static bool pending(void) {
    return ++asked % 5 == 0;
}

static void remove_parked(const gil_node_t *node) {
    for (int i = 0; i < n_parked; ++i) {
        if (parked[i] == node) {
            parked[i] = parked[--n_parked];
            return;
        }
    }
    CHECK(!"was parked");
}

static void park(gil_node_t *node, unsigned *seed) {
    parked[n_parked++] = node;
    gil_result_t result = gil_park(node, some_deadline(seed), pending);
    if (result == GIL_UNPARKED) {
        ++woken; // whoever did has taken it out
    } else {
        remove_parked(node);
    }
}

static void unpark(unsigned *seed) {
    if (n_parked > 0) {
        gil_node_t *node = parked[0];
        parked[0] = parked[--n_parked];
        ++unparked;
        gil_unpark(node, rand_r(seed) % 4 == 0);
    }
}

static void *body(void *seed_in) {
    static gil_node_t storage[THREADS];
    static int n_storage;
    unsigned seed = (unsigned)(uintptr_t)seed_in;
    gil_node_t *node = &storage[__atomic_fetch_add(&n_storage, 1, __ATOMIC_RELAXED)];
    __atomic_store_n(&nodes[node - storage], node, __ATOMIC_RELEASE);
    while (!stress_is_over()) {
        gil_acquire(node);
        for (int i = rand_r(&seed) % 20; i >= 0; --i) {
            ++held;
            switch (rand_r(&seed) % 8) {
                case 0:
                    park(node, &seed);
                    break;
                case 1:
                    unpark(&seed);
                    break;
                case 2:
                    if (gil_requested()) {
                        gil_yield(node); // early
                    }
                    break;
                default:
                    if (gil_ask() && gil_due()) {
                        gil_yield(node);
                    }
                    break;
            }
            count_operation();
        }
        gil_release();
        gil_node_t *other = __atomic_load_n(&nodes[rand_r(&seed) % THREADS], __ATOMIC_ACQUIRE);
        if (other != NULL && rand_r(&seed) % 4 == 0) {
            gil_interrupt(other);
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    stress_run(argc, argv, THREADS, body);
    CHECK(n_parked == 0 && unparked == woken && held > 0);
    CHECK(gil_request == GIL_NOBODY);
    return 0;
}
