// The cases of cases.py that have a meaning in C: what the system itself costs, without an
// interpreter and without a GIL; with pthreads, and with futexes alone, which is the limit.
//
//     yardstick pthread|futex CASE ARGUMENT...      prints what cases.py prints
//
// This file is part of micropython-threading, MIT licence.

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS (512)
#define MAX_SAMPLES (100000)
#define BATCH (10)
#define LONG_NS (10000000000)
#define FOREVER INT64_MAX

static bool with_futexes;

static int64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct timespec timespec_of(int64_t ns) {
    return (struct timespec) { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

static void sleep_ns(int64_t ns) {
    struct timespec ts = timespec_of(ns);
    nanosleep(&ts, NULL);
}

static double samples[MAX_SAMPLES];

static void print_samples(int n) {
    for (int i = 0; i < n; ++i) {
        printf("%s%.2f", i == 0 ? "[" : ", ", samples[i]);
    }
    printf("]\n");
}

/******************************************************************************/
// Futexes

static int futex_wait(uint32_t *word, uint32_t value, int64_t deadline) {
    struct timespec ts = timespec_of(deadline);
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline == FOREVER ? NULL : &ts, NULL,
        FUTEX_BITSET_MATCH_ANY) == 0 ? 0 : errno;
}

static void futex_wake(uint32_t *word, int n) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

/******************************************************************************/
// Mutex and condition variable of either kind. The futex's mutex is 0, 1 (held) or 2 (and wanted);
// see Drepper, "Futexes Are Tricky". Its condition variable counts notifications.

typedef struct {
    pthread_mutex_t pthread;
    uint32_t word;
} mutex_t;

typedef struct {
    pthread_cond_t pthread;
    uint32_t count;
    uint32_t waiters;
} cond_t;

static void mutex_init(mutex_t *mutex) {
    pthread_mutex_init(&mutex->pthread, NULL);
    mutex->word = 0;
}

static void cond_init(cond_t *cond) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&cond->pthread, &attr);
    cond->count = cond->waiters = 0;
}

static void lock(mutex_t *mutex) {
    if (!with_futexes) {
        pthread_mutex_lock(&mutex->pthread);
        return;
    }
    uint32_t expected = 0;
    if (!__atomic_compare_exchange_n(&mutex->word, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        while (__atomic_exchange_n(&mutex->word, 2, __ATOMIC_ACQUIRE) != 0) {
            futex_wait(&mutex->word, 2, FOREVER);
        }
    }
}

static void unlock(mutex_t *mutex) {
    if (!with_futexes) {
        pthread_mutex_unlock(&mutex->pthread);
    } else if (__atomic_exchange_n(&mutex->word, 0, __ATOMIC_RELEASE) == 2) {
        futex_wake(&mutex->word, 1);
    }
}

// False: at the deadline.
static bool cond_wait(cond_t *cond, mutex_t *mutex, int64_t deadline) {
    if (!with_futexes) {
        struct timespec ts = timespec_of(deadline);
        return deadline == FOREVER ? pthread_cond_wait(&cond->pthread, &mutex->pthread) == 0
               : pthread_cond_timedwait(&cond->pthread, &mutex->pthread, &ts) != ETIMEDOUT;
    }
    uint32_t count = __atomic_load_n(&cond->count, __ATOMIC_RELAXED);
    ++cond->waiters;
    unlock(mutex);
    int err = futex_wait(&cond->count, count, deadline);
    lock(mutex);
    --cond->waiters;
    return err != ETIMEDOUT;
}

static void notify(cond_t *cond, int n) {
    if (!with_futexes) {
        (n == 1 ? pthread_cond_signal : pthread_cond_broadcast)(&cond->pthread);
    } else if (cond->waiters > 0) {
        __atomic_fetch_add(&cond->count, 1, __ATOMIC_RELAXED);
        futex_wake(&cond->count, n);
    }
}

/******************************************************************************/
// Event: with futexes a word

typedef struct {
    mutex_t mutex;
    cond_t cond;
    uint32_t set;
} event_t;

static void event_init(event_t *event) {
    mutex_init(&event->mutex);
    cond_init(&event->cond);
    event->set = 0;
}

static void event_set(event_t *event) {
    if (with_futexes) {
        __atomic_store_n(&event->set, 1, __ATOMIC_RELEASE);
        futex_wake(&event->set, MAX_THREADS);
    } else {
        lock(&event->mutex);
        event->set = 1;
        notify(&event->cond, MAX_THREADS);
        unlock(&event->mutex);
    }
}

static void event_clear(event_t *event) {
    __atomic_store_n(&event->set, 0, __ATOMIC_RELAXED);
}

static void event_wait(event_t *event, int64_t deadline) {
    if (with_futexes) {
        while (!__atomic_load_n(&event->set, __ATOMIC_ACQUIRE)
               && futex_wait(&event->set, 0, deadline) != ETIMEDOUT) {
        }
    } else {
        lock(&event->mutex);
        while (!event->set && cond_wait(&event->cond, &event->mutex, deadline)) {
        }
        unlock(&event->mutex);
    }
}

/******************************************************************************/
// Threads

static pthread_t threads[MAX_THREADS];
static int n_threads;

static void start(void *(*function)(void *), void *arg) {
    if (n_threads == MAX_THREADS || pthread_create(&threads[n_threads], NULL, function, arg) != 0) {
        abort();
    }
    ++n_threads;
}

static void join_last(void) {
    pthread_join(threads[--n_threads], NULL);
}

static void join_all(void) {
    while (n_threads > 0) {
        join_last();
    }
}

static event_t gate;

static void *wait_gate(void *arg) {
    event_wait(&gate, FOREVER);
    return arg;
}

/******************************************************************************/
// A queue: a ring that grows, or one with a limit

static struct {
    mutex_t mutex;
    cond_t not_empty;
    cond_t not_full;
    void **items;
    size_t alloc, head, len, max;
} queue;

static void queue_init(size_t max) {
    mutex_init(&queue.mutex);
    cond_init(&queue.not_empty);
    cond_init(&queue.not_full);
    queue.alloc = 8;
    queue.items = malloc(queue.alloc * sizeof(void *));
    queue.head = queue.len = 0;
    queue.max = max;
}

static void put(void *item) {
    lock(&queue.mutex);
    while (queue.max > 0 && queue.len >= queue.max) {
        cond_wait(&queue.not_full, &queue.mutex, FOREVER);
    }
    if (queue.len == queue.alloc) {
        void **items = malloc(2 * queue.alloc * sizeof(void *));
        for (size_t i = 0; i < queue.len; ++i) {
            items[i] = queue.items[(queue.head + i) % queue.alloc];
        }
        free(queue.items);
        queue.items = items;
        queue.alloc *= 2;
        queue.head = 0;
    }
    queue.items[(queue.head + queue.len++) & (queue.alloc - 1)] = item;
    notify(&queue.not_empty, 1);
    unlock(&queue.mutex);
}

static void *get(void) {
    lock(&queue.mutex);
    while (queue.len == 0) {
        cond_wait(&queue.not_empty, &queue.mutex, FOREVER);
    }
    void *item = queue.items[queue.head];
    queue.head = (queue.head + 1) & (queue.alloc - 1);
    --queue.len;
    notify(&queue.not_full, 1);
    unlock(&queue.mutex);
    return item;
}

/******************************************************************************/
// The cases

static void put_get(int slices) {
    enum { N = 200000 };
    queue_init(0);
    for (int i = 0; i < slices; ++i) {
        int64_t begin = now_ns();
        for (int j = 0; j < N; ++j) {
            put(&queue);
            get();
        }
        samples[i] = (double)(now_ns() - begin) / N;
    }
    print_samples(slices);
}

static int each;

static void *put_all(void *arg) {
    event_wait(&gate, FOREVER);
    for (int i = 0; i < each; ++i) {
        put(&queue);
    }
    return arg;
}

static void *get_all(void *arg) {
    event_wait(&gate, FOREVER);
    for (int i = 0; i < each; ++i) {
        get();
    }
    return arg;
}

// As many consumers as producers.
static void pipeline(int max, int n, int items) {
    queue_init(max);
    each = items / n;
    for (int i = 0; i < n; ++i) {
        start(put_all, NULL);
        start(get_all, NULL);
    }
    sleep_ns(20000000);
    int64_t begin = now_ns();
    event_set(&gate);
    join_all();
    samples[0] = (now_ns() - begin) / 1000.0;
    print_samples(1);
}

static event_t a, b;
static int rounds;

static void *pong(void *arg) {
    for (int i = 0; i < rounds * (BATCH + 1); ++i) {
        event_wait(&a, FOREVER);
        event_clear(&a);
        event_set(&b);
    }
    return arg;
}

static void ping(void) {
    event_set(&a);
    event_wait(&b, FOREVER);
    event_clear(&b);
}

static void ping_pong(int n) {
    rounds = n;
    start(pong, NULL);
    for (int i = 0; i < n; ++i) {
        int64_t begin = now_ns();
        for (int j = 0; j < BATCH; ++j) {
            ping();
        }
        int64_t middle = now_ns();
        ping();
        samples[i] = (middle - begin) / 1000.0 / BATCH;
        samples[n + i] = (now_ns() - middle) / 1000.0;
    }
    join_all();
    print_samples(2 * n);
}

static void *nothing(void *arg) {
    return arg;
}

static void start_join(int n, int alive) {
    for (int i = 0; i < alive; ++i) {
        start(wait_gate, NULL);
    }
    sleep_ns(20000000);
    for (int i = 0; i < n; ++i) {
        int64_t begin = now_ns();
        start(nothing, NULL);
        join_last();
        samples[i] = (now_ns() - begin) / 1000.0;
    }
    event_set(&gate);
    join_all();
    print_samples(n);
}

static void overshoot(int n) {
    for (int i = 0; i < n; ++i) {
        int64_t begin = now_ns();
        event_wait(&a, begin + 50000000);
        samples[i] = (now_ns() - begin - 50000000) / 1000.0;
    }
    print_samples(n);
}

static event_t *events;
static int n_events;
static int64_t last; // when the last waiter ran
static int n_done; // waiters that have
static event_t all_done;
static int n_waiters;
static mutex_t done_mutex;

static void *wait_events(void *timeout) {
    for (int i = 0; i < n_events; ++i) {
        event_wait(&events[i], timeout == NULL ? FOREVER : now_ns() + LONG_NS);
        int64_t now = now_ns();
        lock(&done_mutex);
        last = now > last ? now : last;
        if (++n_done == n_waiters) {
            n_done = 0;
            event_set(&all_done);
        }
        unlock(&done_mutex);
    }
    return NULL;
}

static void broadcast(int waiters, int n, bool timed) {
    n_events = n;
    n_waiters = waiters;
    events = malloc(n * sizeof(*events));
    mutex_init(&done_mutex);
    event_init(&all_done);
    for (int i = 0; i < n; ++i) {
        event_init(&events[i]);
    }
    for (int i = 0; i < waiters; ++i) {
        start(wait_events, timed ? events : NULL);
    }
    for (int i = 0; i < n; ++i) {
        sleep_ns(2000000);
        event_clear(&all_done);
        int64_t begin = now_ns();
        event_set(&events[i]);
        event_wait(&all_done, FOREVER);
        samples[i] = (last - begin) / 1000.0;
    }
    join_all();
    print_samples(n);
}

int main(int argc, char **argv) {
    if (argc < 4) {
        return 2;
    }
    with_futexes = strcmp(argv[1], "futex") == 0;
    if (with_futexes) {
        prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); // as our interpreter does
    }
    const char *name = argv[2];
    // The kind of object is cases.py's business.
    int first = argv[3][0] >= '0' && argv[3][0] <= '9' ? 3 : 4;
    int args[4] = { 0 };
    for (int i = 0; i < 4 && first + i < argc; ++i) {
        args[i] = atoi(argv[first + i]);
    }
    event_init(&gate);
    event_init(&a);
    event_init(&b);
    if (strcmp(name, "put_get") == 0) {
        put_get(args[0]);
    } else if (strcmp(name, "pipeline") == 0) {
        pipeline(args[0], args[1], args[3]);
    } else if (strcmp(name, "ping_pong") == 0) {
        ping_pong(args[0]);
    } else if (strcmp(name, "start_join") == 0) {
        start_join(args[0], args[1]);
    } else if (strcmp(name, "overshoot") == 0) {
        overshoot(args[0]);
    } else if (strcmp(name, "wake") == 0) {
        broadcast(1, args[0], true);
    } else if (strcmp(name, "broadcast") == 0) {
        broadcast(args[0], args[1], false);
    } else {
        return 2;
    }
    return 0;
}
