// A ring of Python objects that grows: what Queue and SimpleQueue keep their items in.
//
// Nothing here allocates but ring_reserve(), which is called outside the guard; the rest is called
// under it.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_QUEUE_RING_H
#define INCLUDED_QUEUE_RING_H

#include "py/obj.h"

typedef struct _ring_t {
    mp_obj_t *items; // `alloc` of them, a power of two; free ones are MP_OBJ_NULL
    uint32_t alloc;
    uint32_t head; // where the first one is
    uint32_t len;
} ring_t;

// Makes room for a full ring; who appends looks again, for somebody else may have been faster.
void ring_reserve(ring_t *ring);

// These need room.
void ring_append(ring_t *ring, mp_obj_t item);
void ring_append_left(ring_t *ring, mp_obj_t item);

// These need an item. An empty ring gives back memory beyond what a short queue needs.
mp_obj_t ring_pop(ring_t *ring);
mp_obj_t ring_pop_left(ring_t *ring);

// The i-th item, i < len.
static inline mp_obj_t *ring_at(const ring_t *ring, size_t i) {
    return &ring->items[(ring->head + i) & (ring->alloc - 1)];
}

void ring_clear(ring_t *ring);

// The ring as a Python object: what `Queue.queue` is. Behaves as CPython's deque without a limit.
extern const mp_obj_type_t mp_type_queue_ring;

typedef struct _ring_obj_t {
    mp_obj_base_t base;
    ring_t ring;
} ring_obj_t;

ring_obj_t *ring_obj_new(void);

// Append and pop at the right for Python callers, who know nothing of the guard: IndexError.
void ring_obj_append(ring_obj_t *self, mp_obj_t item, bool left);
mp_obj_t ring_obj_pop(ring_obj_t *self, bool left);

#endif // INCLUDED_QUEUE_RING_H
