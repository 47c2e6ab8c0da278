// What the debug mode of variants/threads asks: names of threads and of what they wait for. The
// contract is in its debug.h; without the mode there is nothing in here.
//
// This file is part of micropython-threading, MIT licence.

#include "threading.h"

#if SYNC_DEBUG

// Farther than from any list to the beginning of its object.
#define MAX_OBJECT_WORDS (32)

// modules/queue, if it is there.
extern const mp_obj_type_t mp_type_queue_native __attribute__((weak));
extern const mp_obj_type_t mp_type_queue_simple __attribute__((weak));

// thread.c
extern const mp_obj_type_t mp_type_thread_native;
uintptr_t thread_debug_native_id(const void *thread);

static const struct {
    const mp_obj_type_t *type;
    const char *kind;
} kinds[] = {
    { &mp_type_threading_lock, "Lock" },
    { &mp_type_threading_rlock, "RLock" },
    { &mp_type_threading_condition, "Condition" },
    { &mp_type_threading_semaphore, "Semaphore" },
    { &mp_type_threading_bounded_semaphore, "BoundedSemaphore" },
    { &mp_type_threading_event, "Event" },
    { &mp_type_threading_barrier, "Barrier" },
    { &mp_type_thread_native, "Thread" },
    { &mp_type_queue_native, "Queue" },
    { &mp_type_queue_simple, "SimpleQueue" },
};

uintptr_t threading_debug_describe(const sync_list_t *list, const char **kind, const void **object);

uintptr_t threading_debug_describe(const sync_list_t *list, const char **kind, const void **object) {
    // A list is a part of an object, whose first word is its type.
    const mp_obj_base_t *const *word = (const mp_obj_base_t *const *)list;
    for (size_t i = 0; i < MAX_OBJECT_WORDS; ++i) {
        const mp_obj_base_t *base = (const mp_obj_base_t *)(word - i);
        for (size_t k = 0; k < MP_ARRAY_SIZE(kinds); ++k) {
            if (base->type != NULL && base->type == kinds[k].type) {
                *kind = kinds[k].kind;
                *object = base;
                return base->type == &mp_type_thread_native ? thread_debug_native_id(base) : 0;
            }
        }
    }
    *kind = "a stream"; // of print(): the only list that is not in the heap
    *object = list;
    return 0;
}

#endif
