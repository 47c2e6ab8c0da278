// What py/mpthread.h asks of a port, where one thread runs at a time and only the explorer changes
// which: mutexes are never contended.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_EXPLORE_THREADPORT_H
#define INCLUDED_EXPLORE_THREADPORT_H

typedef struct {
    char none;
} mp_thread_mutex_t;
typedef mp_thread_mutex_t mp_thread_recursive_mutex_t;

// What ports/unix calls.
void mp_thread_init(void);
void mp_thread_deinit(void);
void mp_thread_gc_others(void);
void mp_thread_unix_begin_atomic_section(void);
void mp_thread_unix_end_atomic_section(void);

#endif // INCLUDED_EXPLORE_THREADPORT_H
