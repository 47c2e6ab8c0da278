// The ring. The contract is in ring.h.
//
// This file is part of micropython-threading, MIT licence.

#include <string.h>

#include "ring.h"
#include "threading.h"

// Holds as many without growing, and when it runs empty keeps no more: a queue that is drained as
// fast as it is filled never allocates, and one that was long once gives its memory back.
#define RING_LEAST (8)
#define RING_KEEP (64)

void ring_reserve(ring_t *ring) {
    sync_enter();
    size_t alloc = MAX((size_t)2 * ring->alloc, RING_LEAST);
    sync_leave();
    mp_obj_t *items = m_new0(mp_obj_t, alloc);
    sync_enter();
    // The allocation may have run other code, or another thread, that has done the same.
    if (ring->len < alloc && ring->alloc < alloc) {
        for (size_t i = 0; i < ring->len; ++i) {
            items[i] = *ring_at(ring, i);
        }
        ring->items = items;
        ring->alloc = alloc;
        ring->head = 0;
    }
    sync_leave();
}

void ring_append(ring_t *ring, mp_obj_t item) {
    *ring_at(ring, ring->len++) = item;
}

void ring_append_left(ring_t *ring, mp_obj_t item) {
    ring->head = (ring->head - 1) & (ring->alloc - 1);
    ring->items[ring->head] = item;
    ++ring->len;
}

void ring_clear(ring_t *ring) {
    ring->items = NULL;
    ring->alloc = ring->head = ring->len = 0;
}

static mp_obj_t take(ring_t *ring, mp_obj_t *slot) {
    mp_obj_t item = *slot;
    *slot = MP_OBJ_NULL; // for the collector
    if (--ring->len == 0 && ring->alloc > RING_KEEP) {
        ring_clear(ring);
    }
    return item;
}

mp_obj_t ring_pop(ring_t *ring) {
    return take(ring, ring_at(ring, ring->len - 1));
}

mp_obj_t ring_pop_left(ring_t *ring) {
    mp_obj_t *slot = &ring->items[ring->head];
    ring->head = (ring->head + 1) & (ring->alloc - 1);
    return take(ring, slot);
}

/******************************************************************************/
// Python object

ring_obj_t *ring_obj_new(void) {
    ring_obj_t *self = mp_obj_malloc(ring_obj_t, &mp_type_queue_ring);
    ring_clear(&self->ring);
    return self;
}

void ring_obj_append(ring_obj_t *self, mp_obj_t item, bool left) {
    for (;;) {
        sync_enter();
        bool room = self->ring.len < self->ring.alloc;
        if (room) {
            (left ? ring_append_left : ring_append)(&self->ring, item);
        }
        sync_leave();
        if (room) {
            return;
        }
        ring_reserve(&self->ring);
    }
}

mp_obj_t ring_obj_pop(ring_obj_t *self, bool left) {
    mp_obj_t item = MP_OBJ_NULL;
    sync_enter();
    if (self->ring.len > 0) {
        item = (left ? ring_pop_left : ring_pop)(&self->ring);
    }
    sync_leave();
    if (item == MP_OBJ_NULL) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("pop from an empty deque"));
    }
    return item;
}

static mp_obj_t snapshot(ring_obj_t *self) {
    size_t len = self->ring.len;
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list(len, NULL));
    sync_enter();
    size_t n = MIN(len, self->ring.len);
    for (size_t i = 0; i < n; ++i) {
        list->items[i] = *ring_at(&self->ring, i);
    }
    sync_leave();
    for (size_t i = n; i < len; ++i) {
        list->items[i] = MP_OBJ_NULL;
    }
    list->len = n;
    return MP_OBJ_FROM_PTR(list);
}

static void ring_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    ring_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_print_str(print, "deque(");
    mp_obj_print_helper(print, snapshot(self), PRINT_REPR);
    mp_print_str(print, ")");
}

static mp_obj_t ring_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    ring_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (op) {
        case MP_UNARY_OP_BOOL:
            return mp_obj_new_bool(self->ring.len != 0);
        case MP_UNARY_OP_LEN:
            return mp_obj_new_int_from_uint(self->ring.len);
        default:
            return MP_OBJ_NULL;
    }
}

static mp_obj_t ring_binary_op(mp_binary_op_t op, mp_obj_t lhs, mp_obj_t rhs) {
    if (op > MP_BINARY_OP_MORE_EQUAL || !mp_obj_is_type(rhs, &mp_type_queue_ring)) {
        return MP_OBJ_NULL; // only comparisons
    }
    return mp_binary_op(op, snapshot(MP_OBJ_TO_PTR(lhs)), snapshot(MP_OBJ_TO_PTR(rhs)));
}

// A change that a list can do: it is done in one, whose items become the ring's, unless other code
// has changed the ring meanwhile, as a comparison may.
typedef struct _edit_t {
    ring_obj_t *self;
    size_t head;
    size_t len;
    mp_obj_list_t *list;
} edit_t;

static void edit_begin(edit_t *edit, ring_obj_t *self) {
    edit->self = self;
    edit->head = self->ring.head;
    edit->len = self->ring.len;
    edit->list = MP_OBJ_TO_PTR(snapshot(self));
}

static void edit_end(edit_t *edit) {
    size_t len = edit->list->len, alloc = RING_LEAST;
    while (alloc < len) {
        alloc *= 2;
    }
    mp_obj_t *items = m_new0(mp_obj_t, alloc);
    memcpy(items, edit->list->items, len * sizeof(*items));
    ring_t *ring = &edit->self->ring;
    sync_enter();
    bool unchanged = ring->head == edit->head && ring->len == edit->len;
    if (unchanged) {
        *ring = (ring_t) { items, alloc, 0, len };
    }
    sync_leave();
    if (!unchanged) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("deque mutated"));
    }
}

static mp_obj_t ring_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value) {
    ring_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (value == MP_OBJ_NULL) {
        edit_t edit;
        edit_begin(&edit, self);
        mp_obj_subscr(MP_OBJ_FROM_PTR(edit.list), index, value);
        edit_end(&edit);
        return mp_const_none;
    }
    size_t i = mp_get_index(self->base.type, self->ring.len, index, false);
    mp_obj_t *slot = ring_at(&self->ring, i);
    if (value == MP_OBJ_SENTINEL) {
        return *slot;
    }
    *slot = value;
    return mp_const_none;
}

static mp_obj_t ring_getiter(mp_obj_t self_in, mp_obj_iter_buf_t *iter_buf) {
    return mp_getiter(snapshot(MP_OBJ_TO_PTR(self_in)), iter_buf);
}

// Plain built-in functions, whose self is checked by the interpreter: nobody can make a subclass of
// this type that has instances.
static mp_obj_t ring_method_append(mp_obj_t self_in, mp_obj_t item) {
    ring_obj_append(MP_OBJ_TO_PTR(self_in), item, false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(ring_method_append_obj, ring_method_append);

static mp_obj_t ring_method_appendleft(mp_obj_t self_in, mp_obj_t item) {
    ring_obj_append(MP_OBJ_TO_PTR(self_in), item, true);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(ring_method_appendleft_obj, ring_method_appendleft);

static mp_obj_t ring_method_pop(mp_obj_t self_in) {
    return ring_obj_pop(MP_OBJ_TO_PTR(self_in), false);
}
static MP_DEFINE_CONST_FUN_OBJ_1(ring_method_pop_obj, ring_method_pop);

static mp_obj_t ring_method_popleft(mp_obj_t self_in) {
    return ring_obj_pop(MP_OBJ_TO_PTR(self_in), true);
}
static MP_DEFINE_CONST_FUN_OBJ_1(ring_method_popleft_obj, ring_method_popleft);

static mp_obj_t extend(mp_obj_t self_in, mp_obj_t iterable, bool left) {
    mp_obj_t iter = mp_getiter(iterable, NULL), item;
    while ((item = mp_iternext(iter)) != MP_OBJ_STOP_ITERATION) {
        ring_obj_append(MP_OBJ_TO_PTR(self_in), item, left);
    }
    return mp_const_none;
}

static mp_obj_t ring_method_extend(mp_obj_t self_in, mp_obj_t iterable) {
    return extend(self_in, iterable, false);
}
static MP_DEFINE_CONST_FUN_OBJ_2(ring_method_extend_obj, ring_method_extend);

static mp_obj_t ring_method_extendleft(mp_obj_t self_in, mp_obj_t iterable) {
    return extend(self_in, iterable, true);
}
static MP_DEFINE_CONST_FUN_OBJ_2(ring_method_extendleft_obj, ring_method_extendleft);

static mp_obj_t ring_method_copy(mp_obj_t self_in) {
    mp_obj_t copy = MP_OBJ_FROM_PTR(ring_obj_new());
    extend(copy, self_in, false);
    return copy;
}
static MP_DEFINE_CONST_FUN_OBJ_1(ring_method_copy_obj, ring_method_copy);

// The list's method of that name.
static mp_obj_t call_list(mp_obj_t list, qstr name, size_t n_args, const mp_obj_t *args) {
    mp_obj_t call[5];
    mp_load_method(list, name, call);
    memcpy(&call[2], args, n_args * sizeof(*args));
    return mp_call_method_n_kw(n_args, 0, call);
}

// args[0] is self.
static mp_obj_t edit_by(qstr name, size_t n_args, const mp_obj_t *args) {
    edit_t edit;
    edit_begin(&edit, MP_OBJ_TO_PTR(args[0]));
    call_list(MP_OBJ_FROM_PTR(edit.list), name, n_args - 1, args + 1);
    edit_end(&edit);
    return mp_const_none;
}

static mp_obj_t ring_method_count(mp_obj_t self_in, mp_obj_t value) {
    return call_list(snapshot(MP_OBJ_TO_PTR(self_in)), MP_QSTR_count, 1, &value);
}
static MP_DEFINE_CONST_FUN_OBJ_2(ring_method_count_obj, ring_method_count);

// index(value, start, stop)
static mp_obj_t ring_method_index(size_t n_args, const mp_obj_t *args) {
    return call_list(snapshot(MP_OBJ_TO_PTR(args[0])), MP_QSTR_index, n_args - 1, args + 1);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(ring_method_index_obj, 2, 4, ring_method_index);

static mp_obj_t ring_method_insert(size_t n_args, const mp_obj_t *args) {
    return edit_by(MP_QSTR_insert, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(ring_method_insert_obj, 3, 3, ring_method_insert);

static mp_obj_t ring_method_remove(size_t n_args, const mp_obj_t *args) {
    return edit_by(MP_QSTR_remove, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(ring_method_remove_obj, 2, 2, ring_method_remove);

static mp_obj_t ring_method_reverse(mp_obj_t self_in) {
    return edit_by(MP_QSTR_reverse, 1, &self_in);
}
static MP_DEFINE_CONST_FUN_OBJ_1(ring_method_reverse_obj, ring_method_reverse);

// rotate(n=1)
static mp_obj_t ring_method_rotate(size_t n_args, const mp_obj_t *args) {
    ring_t *ring = &((ring_obj_t *)MP_OBJ_TO_PTR(args[0]))->ring;
    mp_int_t n = n_args == 1 ? 1 : mp_obj_get_int(args[1]);
    sync_enter();
    mp_int_t len = ring->len;
    if (len > 1) {
        for (mp_int_t left = (len - n % len) % len; left > 0; --left) {
            ring_append(ring, ring_pop_left(ring));
        }
    }
    sync_leave();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(ring_method_rotate_obj, 1, 2, ring_method_rotate);

static mp_obj_t ring_method_clear(mp_obj_t self_in) {
    ring_obj_t *self = MP_OBJ_TO_PTR(self_in);
    sync_enter();
    ring_clear(&self->ring);
    sync_leave();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(ring_method_clear_obj, ring_method_clear);

static const mp_rom_map_elem_t ring_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_append), MP_ROM_PTR(&ring_method_append_obj) },
    { MP_ROM_QSTR(MP_QSTR_appendleft), MP_ROM_PTR(&ring_method_appendleft_obj) },
    { MP_ROM_QSTR(MP_QSTR_clear), MP_ROM_PTR(&ring_method_clear_obj) },
    { MP_ROM_QSTR(MP_QSTR_copy), MP_ROM_PTR(&ring_method_copy_obj) },
    { MP_ROM_QSTR(MP_QSTR_count), MP_ROM_PTR(&ring_method_count_obj) },
    { MP_ROM_QSTR(MP_QSTR_extend), MP_ROM_PTR(&ring_method_extend_obj) },
    { MP_ROM_QSTR(MP_QSTR_extendleft), MP_ROM_PTR(&ring_method_extendleft_obj) },
    { MP_ROM_QSTR(MP_QSTR_index), MP_ROM_PTR(&ring_method_index_obj) },
    { MP_ROM_QSTR(MP_QSTR_insert), MP_ROM_PTR(&ring_method_insert_obj) },
    { MP_ROM_QSTR(MP_QSTR_maxlen), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_pop), MP_ROM_PTR(&ring_method_pop_obj) },
    { MP_ROM_QSTR(MP_QSTR_popleft), MP_ROM_PTR(&ring_method_popleft_obj) },
    { MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&ring_method_remove_obj) },
    { MP_ROM_QSTR(MP_QSTR_reverse), MP_ROM_PTR(&ring_method_reverse_obj) },
    { MP_ROM_QSTR(MP_QSTR_rotate), MP_ROM_PTR(&ring_method_rotate_obj) },
};
static MP_DEFINE_CONST_DICT(ring_locals, ring_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_queue_ring,
    MP_QSTR_deque,
    MP_TYPE_FLAG_ITER_IS_GETITER,
    print, ring_print,
    unary_op, ring_unary_op,
    binary_op, ring_binary_op,
    subscr, ring_subscr,
    iter, ring_getiter,
    locals_dict, &ring_locals
    );
