// Queue, LifoQueue, PriorityQueue.
//
// A queue is entered in one of two ways. A plain Queue or LifoQueue (no hook overridden, nobody holds
// q.mutex) changes under the guard, in one step. All others take the mutex as CPython does, for the hooks and the
// comparisons of a heap are Python, and a program may hold q.mutex itself. Who finds the mutex held
// takes the second way too, so the two never meet.
//
// Threads that wait stand in three lists: for an item, for room, for the last task. q.not_empty,
// q.not_full and q.all_tasks_done are Conditions made when somebody asks; the list is then theirs.
//
// This file is part of micropython-threading, MIT licence.

#include <math.h>

#include "py/objexcept.h"
#include "py/objlist.h"
#include "queue.h"
#include "ring.h"

// Faults that tests/explore switches on, one at a time, to see that its check finds them.
#ifndef BUG_QUEUE_KEPT // who leaves with an exception keeps what it was woken for
#define BUG_QUEUE_KEPT (0)
#endif
#ifndef BUG_QUEUE_NEXT_UNTOLD // who was woken and takes one wakes nobody for the rest
#define BUG_QUEUE_NEXT_UNTOLD (0)
#endif
#ifndef BUG_QUEUE_STILL_COMING // who was woken counts as under way for good
#define BUG_QUEUE_STILL_COMING (0)
#endif
#ifndef BUG_QUEUE_JOIN_UNTOLD // what shutdown() throws away ends no join()
#define BUG_QUEUE_JOIN_UNTOLD (0)
#endif
#ifndef BUG_QUEUE_MUTEX_UNSEEN // the guard is entered though somebody has the mutex
#define BUG_QUEUE_MUTEX_UNSEEN (0)
#endif
#ifndef BUG_QUEUE_LEFT_BEHIND // a new condition does not take over who waits
#define BUG_QUEUE_LEFT_BEHIND (0)
#endif

// How many may be under way at first; see wake(). Tests begin with one.
#ifndef QUEUE_MOST_COMING
#define QUEUE_MOST_COMING (UINT8_MAX)
#endif

// A LifoQueue's list keeps room for so many items.
#define LIST_KEEP (64)

enum { NOT_EMPTY, NOT_FULL, ALL_TASKS_DONE, N_LISTS };

typedef enum {
    KIND_FIFO,
    KIND_LIFO,
    KIND_HEAP,
    KIND_CUSTOM, // a subclass with hooks of its own
} queue_kind_t;

typedef struct _queue_obj_t {
    mp_obj_base_t base;
    mp_obj_instance_t *instance;
    mp_obj_t items; // a ring for KIND_FIFO, else a list; MP_OBJ_NULL if the subclass keeps its own
    lock_obj_t *mutex; // NULL until it is needed
    mp_obj_t conditions[N_LISTS]; // MP_OBJ_NULL until asked for
    sync_list_t lists[N_LISTS]; // while there is no condition; under the guard
    uint8_t coming[ALL_TASKS_DONE]; // see wake(); under the guard
    uint8_t most_coming[ALL_TASKS_DONE]; // likewise; at least 1
    mp_int_t maxsize; // <= 0: unbounded
    size_t unfinished; // under the guard
    uint8_t kind; // queue_kind_t
    bool is_shutdown; // set with the mutex
    bool own_put; // the class has not overridden put(); read-only after init
    bool own_get; // likewise
} queue_obj_t;

MP_DEFINE_EXCEPTION(Empty, Exception)
MP_DEFINE_EXCEPTION(Full, Exception)
MP_DEFINE_EXCEPTION(ShutDown, Exception)

static MP_NORETURN void raise(const mp_obj_type_t *type) {
    mp_raise_type(type);
}

// What the program has set on the instance, if anything.
static mp_obj_t instance_attr(queue_obj_t *self, qstr attr) {
    mp_map_t *members = &self->instance->members;
    mp_map_elem_t *elem = members->used == 0 ? NULL
        : mp_map_lookup(members, MP_OBJ_NEW_QSTR(attr), MP_MAP_LOOKUP);
    return elem == NULL ? MP_OBJ_NULL : elem->value;
}

// The least number of items that is full, or <= 0.
static mp_int_t int_from_maxsize(mp_obj_t maxsize) {
    #if MICROPY_PY_BUILTINS_FLOAT
    if (mp_obj_is_float(maxsize)) {
        double least = ceil((double)mp_obj_get_float(maxsize));
        return least < (double)INT32_MAX ? (mp_int_t)least : INT32_MAX;
    }
    #endif
    return mp_obj_get_int(maxsize);
}

// What the program has assigned to the instance since: values of ours are taken over, and a container
// or a hook of its own makes the queue one that calls hooks. Called before each operation.
static void take_over(queue_obj_t *self) {
    mp_map_t *members = &self->instance->members;
    for (size_t i = 0; i < members->alloc; ++i) {
        if (!mp_map_slot_is_filled(members, i)) {
            continue;
        }
        mp_obj_t key = members->table[i].key, value = members->table[i].value;
        switch (MP_OBJ_QSTR_VALUE(key)) {
            case MP_QSTR_maxsize:
                self->maxsize = int_from_maxsize(value);
                break;
            case MP_QSTR_is_shutdown:
                self->is_shutdown = mp_obj_is_true(value);
                break;
            case MP_QSTR_unfinished_tasks:
                self->unfinished = mp_obj_get_int(value);
                break;
            case MP_QSTR_queue:
            case MP_QSTR__qsize:
            case MP_QSTR__put:
            case MP_QSTR__get:
                self->kind = KIND_CUSTOM;
                continue;
            default:
                continue;
        }
        mp_map_lookup(members, key, MP_MAP_LOOKUP_REMOVE_IF_FOUND);
    }
}

static queue_obj_t *queue_self(mp_obj_t self_in) {
    queue_obj_t *self = native_self_maybe(self_in, &mp_type_queue_native);
    if (self == NULL) {
        raise_not_called(&mp_type_AttributeError, MP_QSTR_Queue);
    }
    if (self->instance->members.used > 0) {
        take_over(self);
    }
    return self;
}

/******************************************************************************/
// Waiting

static sync_list_t *list_of(queue_obj_t *self, size_t which) {
    mp_obj_t condition = self->conditions[which];
    return condition == MP_OBJ_NULL ? &self->lists[which] : condition_waiters(condition);
}

static lock_obj_t *get_mutex(queue_obj_t *self) {
    if (self->mutex == NULL) {
        lock_obj_t *mutex = MP_OBJ_TO_PTR(lock_new());
        sync_enter();
        if (self->mutex == NULL) {
            self->mutex = mutex;
        }
        sync_leave();
    }
    return self->mutex;
}

// The condition takes over the threads that wait.
static mp_obj_t get_condition(queue_obj_t *self, size_t which) {
    if (self->conditions[which] == MP_OBJ_NULL) {
        mp_obj_t condition = condition_new(MP_OBJ_FROM_PTR(get_mutex(self)));
        sync_enter();
        if (self->conditions[which] == MP_OBJ_NULL) {
            if (!BUG_QUEUE_LEFT_BEHIND) {
                sync_list_move(&self->lists[which], condition_waiters(condition));
            }
            self->conditions[which] = condition;
        }
        sync_leave();
    }
    return self->conditions[which];
}

// A timeout as put() and get() take it: a negative one is an error at once, the rest is read when it
// comes to waiting.
typedef struct _patience_t {
    mp_obj_t unread; // the timeout; MP_OBJ_NULL once it is in the deadline
    sync_deadline_t deadline; // SYNC_POLL: no waiting (any more)
    bool woken; // has slept and been woken
} patience_t;

static void patience_init(patience_t *self, mp_obj_t block, mp_obj_t timeout, bool matters) {
    self->unread = MP_OBJ_NULL;
    self->woken = false;
    self->deadline = arg_is_true(block, true) ? SYNC_FOREVER : SYNC_POLL;
    if (timeout != MP_OBJ_NULL && timeout != mp_const_none && self->deadline != SYNC_POLL) {
        self->unread = timeout;
        if (matters && is_negative(timeout)) {
            mp_raise_ValueError(MP_ERROR_TEXT("'timeout' must be a non-negative number"));
        }
    }
}

// To be called before the deadline is looked at. Raises what is wrong with the timeout: not under the
// guard.
static void patience_read(patience_t *self) {
    if (self->unread != MP_OBJ_NULL) {
        self->deadline = deadline_from_timeout(self->unread);
        self->unread = MP_OBJ_NULL;
    }
}

static bool is_plain(const queue_obj_t *self) {
    return self->kind <= KIND_LIFO;
}

static ring_t *plain_ring(const queue_obj_t *self) {
    return &((ring_obj_t *)MP_OBJ_TO_PTR(self->items))->ring;
}

static size_t plain_len(const queue_obj_t *self) {
    return self->kind == KIND_FIFO ? plain_ring(self)->len : ((mp_obj_list_t *)MP_OBJ_TO_PTR(self->items))->len;
}

// Wakes one for an item, or for room. Threads that put and get in a loop are done with many items before
// those that were woken run and find nothing: so of a plain queue's no more than `most_coming` are under
// way at a time. That halves with each that comes in vain, and doubles with each that does not. While
// there is something for threads that wait, one at least is coming; done() wakes the next.
static bool is_rationed(const queue_obj_t *self, size_t which) {
    return is_plain(self) && self->conditions[which] == MP_OBJ_NULL;
}

static void wake(queue_obj_t *self, size_t which) {
    sync_list_t *list = list_of(self, which);
    if (list->head == NULL) {
        return;
    }
    if (is_rationed(self, which)) {
        if (self->coming[which] >= self->most_coming[which]) {
            return;
        }
        ++self->coming[which];
    }
    sync_list_wake(list, 0);
}

static bool has_room(const queue_obj_t *self) {
    return self->maxsize <= 0 || plain_len(self) < (size_t)self->maxsize;
}

// Under the guard, by a thread that has taken an item or room, which is also why it may have been woken.
static void done(queue_obj_t *self, size_t which, const patience_t *patience) {
    if (patience->woken && is_rationed(self, which) && !BUG_QUEUE_NEXT_UNTOLD) {
        self->most_coming[which] = MIN(2 * self->most_coming[which], UINT8_MAX);
        if (which == NOT_EMPTY ? plain_len(self) > 0 : has_room(self)) {
            wake(self, which);
        }
    }
    wake(self, NOT_EMPTY + NOT_FULL - which);
}

// Sleeps in one of the lists. Called under the guard, which it leaves, and with the mutex if `locked`,
// which it gives up meanwhile and has again whatever happens.
static void queue_sleep(queue_obj_t *self, size_t which, bool locked, patience_t *patience) {
    if (patience->woken && self->most_coming[which] > 1) {
        self->most_coming[which] /= 2;
    }
    sync_waiter_t waiter;
    sync_list_append(list_of(self, which), &waiter);
    sync_leave();
    if (locked) {
        sync_sem_release(&self->mutex->sem, 1, 1);
    }
    mp_obj_t exc;
    patience->woken = waiter_sleep(&waiter, patience->deadline, &exc);
    if (patience->woken) {
        sync_enter();
        if (self->coming[which] > 0 && !BUG_QUEUE_STILL_COMING) {
            --self->coming[which];
        }
        if (exc != MP_OBJ_NULL && !BUG_QUEUE_KEPT) {
            // This thread leaves with an exception: what it was woken for is for somebody else.
            wake(self, which);
        }
        sync_leave();
    } else {
        patience->deadline = SYNC_POLL;
    }
    if (locked) {
        sync_sem_acquire_always(&self->mutex->sem);
    }
    if (exc != MP_OBJ_NULL) {
        nlr_raise(exc);
    }
    take_over(self);
}

static void wake_all(queue_obj_t *self, size_t which) {
    sync_list_wake_all(list_of(self, which), 0);
}

// Enters the guard if nobody holds the mutex; else takes the mutex, then enters. Returns whether it did.
static bool enter(queue_obj_t *self) {
    sync_enter();
    if (self->mutex == NULL || !sync_sem_is_taken(&self->mutex->sem)) {
        return false;
    }
    sync_leave();
    sem_acquire(&self->mutex->sem, SYNC_FOREVER);
    sync_enter();
    return true;
}

static void leave(queue_obj_t *self, bool locked) {
    sync_leave();
    if (locked) {
        sync_sem_release(&self->mutex->sem, 1, 1);
    }
}

// A section with the mutex, which is released when it ends, also by an exception.
typedef struct _section_t {
    nlr_jump_callback_node_t on_exception;
    lock_obj_t *mutex;
} section_t;

static void section_unlock(void *section_in) {
    section_t *section = section_in;
    sync_sem_release(&section->mutex->sem, 1, 1);
}

static void section_begin(section_t *section, queue_obj_t *self) {
    section->mutex = get_mutex(self);
    sem_acquire(&section->mutex->sem, SYNC_FOREVER);
    nlr_push_jump_callback(&section->on_exception, section_unlock);
}

static void section_end(void) {
    nlr_pop_jump_callback(true);
}

/******************************************************************************/
// A heap in a list, lowest first: the algorithm of CPython's heapq, so that ties come out alike. Items
// change places one comparison at a time: one that raises leaves them all there.

static bool less(mp_obj_list_t *heap, size_t a, size_t b) {
    size_t len = heap->len;
    bool result = mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS, heap->items[a], heap->items[b]));
    if (heap->len != len) {
        raise_runtime_error(MP_ERROR_TEXT("list changed size during iteration"));
    }
    return result;
}

static void swap(mp_obj_list_t *heap, size_t a, size_t b) {
    mp_obj_t item = heap->items[a];
    heap->items[a] = heap->items[b];
    heap->items[b] = item;
}

static void heap_up(mp_obj_list_t *heap, size_t pos) {
    while (pos > 0) {
        size_t parent = (pos - 1) / 2;
        if (!less(heap, pos, parent)) {
            break;
        }
        swap(heap, pos, parent);
        pos = parent;
    }
}

static void heap_push(mp_obj_list_t *heap, mp_obj_t item) {
    mp_obj_list_append(MP_OBJ_FROM_PTR(heap), item);
    heap_up(heap, heap->len - 1);
}

static mp_obj_t heap_pop(mp_obj_list_t *heap) {
    if (heap->len == 0) {
        mp_raise_msg(&mp_type_IndexError, MP_ERROR_TEXT("index out of range"));
    }
    mp_obj_t first = heap->items[0];
    mp_obj_t last = heap->items[--heap->len];
    heap->items[heap->len] = MP_OBJ_NULL; // for the collector
    if (heap->len > 0) {
        heap->items[0] = last;
        // The hole goes down to a leaf along the lesser children, then its item up to its place.
        size_t pos = 0;
        while (2 * pos + 1 < heap->len) {
            size_t child = 2 * pos + 1;
            if (child + 1 < heap->len && !less(heap, child, child + 1)) {
                ++child;
            }
            swap(heap, pos, child);
            pos = child;
        }
        heap_up(heap, pos);
    }
    return first;
}

/******************************************************************************/
// Hooks: what a subclass may override, as the built-in classes have them

// self.queue: what the subclass has set, or ours.
static mp_obj_t get_items(queue_obj_t *self) {
    mp_obj_t set = instance_attr(self, MP_QSTR_queue);
    mp_obj_t items = set == MP_OBJ_NULL ? self->items : set;
    if (items == MP_OBJ_NULL) {
        mp_raise_msg_varg(&mp_type_AttributeError, MP_ERROR_TEXT("'%q' object has no attribute 'queue'"),
            (qstr)self->instance->base.type->name);
    }
    return items;
}

static mp_obj_t call_items(mp_obj_t items, qstr name, mp_obj_t arg) {
    mp_obj_t dest[3];
    mp_load_method(items, name, dest);
    dest[2] = arg;
    return mp_call_method_n_kw(arg == MP_OBJ_NULL ? 0 : 1, 0, dest);
}

static mp_obj_list_t *get_heap(queue_obj_t *self) {
    mp_obj_t items = get_items(self);
    if (!mp_obj_is_type(items, &mp_type_list)) {
        mp_raise_TypeError(MP_ERROR_TEXT("heap argument must be a list"));
    }
    return MP_OBJ_TO_PTR(items);
}

static mp_obj_t fifo_init(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    queue_self(self_in)->items = MP_OBJ_FROM_PTR(ring_obj_new());
    return mp_const_none;
}
METHOD(fifo_init, MP_QSTR__init, 1, MP_QSTR_maxsize);

// Also PriorityQueue's.
static mp_obj_t lifo_init(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    queue_self(self_in)->items = mp_obj_new_list(0, NULL);
    return mp_const_none;
}
METHOD(lifo_init, MP_QSTR__init, 1, MP_QSTR_maxsize);

static mp_obj_t queue_hook_qsize(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_len(get_items(queue_self(self_in)));
}
METHOD_0(queue_hook_qsize, MP_QSTR__qsize);

// Also LifoQueue's.
static mp_obj_t queue_hook_put(mp_obj_t self_in, const mp_obj_t *args) {
    call_items(get_items(queue_self(self_in)), MP_QSTR_append, args[0]);
    return mp_const_none;
}
METHOD(queue_hook_put, MP_QSTR__put, 1, MP_QSTR_item);

static mp_obj_t heap_hook_put(mp_obj_t self_in, const mp_obj_t *args) {
    heap_push(get_heap(queue_self(self_in)), args[0]);
    return mp_const_none;
}
METHOD(heap_hook_put, MP_QSTR__put, 1, MP_QSTR_item);

static mp_obj_t fifo_hook_get(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return call_items(get_items(queue_self(self_in)), MP_QSTR_popleft, MP_OBJ_NULL);
}
METHOD_0(fifo_hook_get, MP_QSTR__get);

static mp_obj_t lifo_hook_get(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return call_items(get_items(queue_self(self_in)), MP_QSTR_pop, MP_OBJ_NULL);
}
METHOD_0(lifo_hook_get, MP_QSTR__get);

static mp_obj_t heap_hook_get(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return heap_pop(get_heap(queue_self(self_in)));
}
METHOD_0(heap_hook_get, MP_QSTR__get);

// What the class resolves a hook to.
static mp_obj_t class_hook(mp_obj_t self_in, qstr name) {
    mp_obj_t dest[2];
    mp_load_method(MP_OBJ_FROM_PTR(mp_obj_get_type(self_in)), name, dest);
    return dest[0];
}

static queue_kind_t kind_of(mp_obj_t self_in) {
    static const uint16_t names[] = { MP_QSTR__get, MP_QSTR__put, MP_QSTR__init, MP_QSTR__qsize };
    static const method_t *const kinds[][MP_ARRAY_SIZE(names)] = {
        [KIND_FIFO] = { &fifo_hook_get_obj, &queue_hook_put_obj, &fifo_init_obj, &queue_hook_qsize_obj },
        [KIND_LIFO] = { &lifo_hook_get_obj, &queue_hook_put_obj, &lifo_init_obj, &queue_hook_qsize_obj },
        [KIND_HEAP] = { &heap_hook_get_obj, &heap_hook_put_obj, &lifo_init_obj, &queue_hook_qsize_obj },
    };
    queue_kind_t kind = KIND_FIFO;
    size_t same = 0; // hooks that are those of the kind
    mp_obj_t hook = class_hook(self_in, names[0]);
    while (kind < KIND_CUSTOM) {
        if (hook != MP_OBJ_FROM_PTR(kinds[kind][same])) {
            kind = same == 0 ? kind + 1 : KIND_CUSTOM; // no two kinds have the same first hook
        } else if (++same == MP_ARRAY_SIZE(names)) {
            break;
        } else {
            hook = class_hook(self_in, names[same]);
        }
    }
    return kind;
}

static mp_obj_t call_hook(queue_obj_t *self, qstr name, mp_obj_t arg) {
    return call_items(MP_OBJ_FROM_PTR(self->instance), name, arg);
}

/******************************************************************************/
// With the mutex: any kind of queue

static size_t hook_qsize(queue_obj_t *self) {
    if (self->kind == KIND_CUSTOM) {
        return mp_obj_get_int(call_hook(self, MP_QSTR__qsize, MP_OBJ_NULL));
    }
    return MP_OBJ_SMALL_INT_VALUE(mp_obj_len(self->items));
}

static void hook_put(queue_obj_t *self, mp_obj_t item) {
    if (self->kind == KIND_CUSTOM) {
        call_hook(self, MP_QSTR__put, item);
    } else if (self->kind == KIND_HEAP) {
        heap_push(MP_OBJ_TO_PTR(self->items), item);
    } else if (self->kind == KIND_LIFO) {
        mp_obj_list_append(self->items, item);
    } else {
        ring_obj_append(MP_OBJ_TO_PTR(self->items), item, false);
    }
}

static mp_obj_t hook_get(queue_obj_t *self) {
    if (self->kind == KIND_CUSTOM) {
        return call_hook(self, MP_QSTR__get, MP_OBJ_NULL);
    } else if (self->kind == KIND_HEAP) {
        return heap_pop(MP_OBJ_TO_PTR(self->items));
    } else if (self->kind == KIND_LIFO) {
        return call_items(self->items, MP_QSTR_pop, MP_OBJ_NULL); // gives memory back
    } else {
        return ring_obj_pop(MP_OBJ_TO_PTR(self->items), true);
    }
}

static void put_locked(queue_obj_t *self, mp_obj_t item, patience_t *patience) {
    section_t section;
    section_begin(&section, self);
    for (;;) {
        if (self->is_shutdown) {
            raise(&mp_type_ShutDown);
        }
        if (self->maxsize <= 0 || (mp_int_t)hook_qsize(self) < self->maxsize) {
            break;
        }
        patience_read(patience);
        if (patience->deadline == SYNC_POLL) {
            raise(&mp_type_Full);
        }
        sync_enter();
        queue_sleep(self, NOT_FULL, true, patience);
    }
    hook_put(self, item);
    sync_enter();
    ++self->unfinished;
    done(self, NOT_FULL, patience);
    sync_leave();
    section_end();
}

static mp_obj_t get_locked(queue_obj_t *self, patience_t *patience) {
    section_t section;
    section_begin(&section, self);
    while (hook_qsize(self) == 0) {
        if (self->is_shutdown) {
            raise(&mp_type_ShutDown);
        }
        patience_read(patience);
        if (patience->deadline == SYNC_POLL) {
            raise(&mp_type_Empty);
        }
        sync_enter();
        queue_sleep(self, NOT_EMPTY, true, patience);
    }
    mp_obj_t item = hook_get(self);
    sync_enter();
    done(self, NOT_EMPTY, patience);
    sync_leave();
    section_end();
    return item;
}

/******************************************************************************/
// Under the guard: a plain Queue or LifoQueue

// Enters the guard, if the queue is one that can be entered so now.
static bool enter_plain(queue_obj_t *self) {
    if (!is_plain(self)) {
        return false;
    }
    sync_enter();
    if (self->mutex != NULL && sync_sem_is_taken(&self->mutex->sem) && !BUG_QUEUE_MUTEX_UNSEEN) {
        sync_leave();
        return false;
    }
    return true;
}

// False: that takes an allocation.
static bool plain_append(queue_obj_t *self, mp_obj_t item) {
    if (self->kind == KIND_FIFO) {
        ring_t *ring = plain_ring(self);
        if (ring->len == ring->alloc) {
            return false;
        }
        ring_append(ring, item);
    } else {
        mp_obj_list_t *list = MP_OBJ_TO_PTR(self->items);
        if (list->len == list->alloc) {
            return false;
        }
        list->items[list->len++] = item;
    }
    return true;
}

// Of a queue that is not empty. MP_OBJ_NULL: the list is much longer than it need be; its own pop()
// is to give memory back.
static mp_obj_t plain_pop(queue_obj_t *self) {
    if (self->kind == KIND_FIFO) {
        return ring_pop_left(plain_ring(self));
    }
    mp_obj_list_t *list = MP_OBJ_TO_PTR(self->items);
    if (list->alloc > LIST_KEEP && list->alloc > 2 * list->len) {
        return MP_OBJ_NULL;
    }
    mp_obj_t item = list->items[--list->len];
    list->items[list->len] = MP_OBJ_NULL; // for the collector
    return item;
}

static size_t qsize(queue_obj_t *self) {
    if (enter_plain(self)) {
        size_t len = plain_len(self);
        sync_leave();
        return len;
    }
    section_t section;
    section_begin(&section, self);
    size_t len = hook_qsize(self);
    section_end();
    return len;
}

static mp_obj_t put(queue_obj_t *self, mp_obj_t item, mp_obj_t block, mp_obj_t timeout) {
    patience_t patience;
    patience_init(&patience, block, timeout, self->maxsize > 0 && !self->is_shutdown);
    while (enter_plain(self)) {
        if (self->is_shutdown) {
            sync_leave();
            raise(&mp_type_ShutDown);
        }
        if (!has_room(self)) {
            if (patience.unread != MP_OBJ_NULL) {
                sync_leave();
                patience_read(&patience);
                continue;
            }
            if (patience.deadline == SYNC_POLL) {
                sync_leave();
                raise(&mp_type_Full);
            }
            queue_sleep(self, NOT_FULL, false, &patience);
        } else if (plain_append(self, item)) {
            ++self->unfinished;
            done(self, NOT_FULL, &patience);
            sync_leave();
            return mp_const_none;
        } else {
            sync_leave();
            if (self->kind == KIND_LIFO) {
                break;
            }
            ring_reserve(plain_ring(self));
        }
    }
    put_locked(self, item, &patience);
    return mp_const_none;
}

static mp_obj_t get(queue_obj_t *self, mp_obj_t block, mp_obj_t timeout) {
    patience_t patience;
    patience_init(&patience, block, timeout, !self->is_shutdown || qsize(self) > 0);
    while (enter_plain(self)) {
        if (plain_len(self) > 0) {
            mp_obj_t item = plain_pop(self);
            if (item == MP_OBJ_NULL) {
                sync_leave();
                break;
            }
            done(self, NOT_EMPTY, &patience);
            sync_leave();
            return item;
        }
        if (self->is_shutdown) {
            sync_leave();
            raise(&mp_type_ShutDown);
        }
        if (patience.unread != MP_OBJ_NULL) {
            sync_leave();
            patience_read(&patience);
            continue;
        }
        if (patience.deadline == SYNC_POLL) {
            sync_leave();
            raise(&mp_type_Empty);
        }
        queue_sleep(self, NOT_EMPTY, false, &patience);
    }
    return get_locked(self, &patience);
}

/******************************************************************************/
// Methods

static mp_obj_t queue_put(mp_obj_t self_in, const mp_obj_t *args) {
    return put(queue_self(self_in), args[0], args[1], args[2]);
}
METHOD(queue_put, MP_QSTR_put, 1, MP_QSTR_item, MP_QSTR_block, MP_QSTR_timeout);

static mp_obj_t queue_get(mp_obj_t self_in, const mp_obj_t *args) {
    return get(queue_self(self_in), args[0], args[1]);
}
METHOD(queue_get, MP_QSTR_get, 0, MP_QSTR_block, MP_QSTR_timeout);

static mp_obj_t queue_init(mp_obj_t self_in, const mp_obj_t *args) {
    native_self_maybe(self_in, &mp_type_queue_native); // TypeError if it is no Queue at all
    mp_obj_t maxsize = args[0] == MP_OBJ_NULL ? MP_OBJ_NEW_SMALL_INT(0) : args[0];
    queue_obj_t *self = m_new0(queue_obj_t, 1);
    self->base.type = &mp_type_queue_native;
    self->instance = MP_OBJ_TO_PTR(self_in);
    self->most_coming[NOT_EMPTY] = self->most_coming[NOT_FULL] = QUEUE_MOST_COMING;
    take_over(self); // and forget: what was assigned before is overwritten here
    self->maxsize = int_from_maxsize(maxsize);
    self->unfinished = 0;
    self->is_shutdown = false;
    self->kind = kind_of(self_in);
    self->own_put = class_hook(self_in, MP_QSTR_put) == MP_OBJ_FROM_PTR(&queue_put_obj);
    self->own_get = class_hook(self_in, MP_QSTR_get) == MP_OBJ_FROM_PTR(&queue_get_obj);
    if (self->kind == KIND_FIFO) {
        self->items = MP_OBJ_FROM_PTR(ring_obj_new());
    } else if (self->kind != KIND_CUSTOM) {
        self->items = mp_obj_new_list(0, NULL);
    }
    self->instance->subobj[0] = MP_OBJ_FROM_PTR(self);
    if (self->kind == KIND_CUSTOM) {
        call_hook(self, MP_QSTR__init, maxsize);
    }
    return mp_const_none;
}
METHOD(queue_init, MP_QSTR___init__, 0, MP_QSTR_maxsize);

// put() or get() of the instance, which a subclass may have overridden, with block=False. An item: put().
static mp_obj_t call_nowait(mp_obj_t self_in, mp_obj_t item) {
    queue_obj_t *self = queue_self(self_in);
    size_t n_args = item == MP_OBJ_NULL ? 0 : 1;
    if (n_args == 0 && self->own_get) {
        return get(self, mp_const_false, mp_const_none);
    }
    if (n_args == 1 && self->own_put) {
        return put(self, item, mp_const_false, mp_const_none);
    }
    mp_obj_t call[5];
    mp_load_method(self_in, n_args == 0 ? MP_QSTR_get : MP_QSTR_put, call);
    call[2] = item;
    call[2 + n_args] = MP_OBJ_NEW_QSTR(MP_QSTR_block);
    call[3 + n_args] = mp_const_false;
    return mp_call_method_n_kw(n_args, 1, call);
}

static mp_obj_t queue_put_nowait(mp_obj_t self_in, const mp_obj_t *args) {
    return call_nowait(self_in, args[0]);
}
METHOD(queue_put_nowait, MP_QSTR_put_nowait, 1, MP_QSTR_item);

static mp_obj_t queue_get_nowait(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return call_nowait(self_in, MP_OBJ_NULL);
}
METHOD_0(queue_get_nowait, MP_QSTR_get_nowait);

static mp_obj_t queue_qsize(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_int_from_uint(qsize(queue_self(self_in)));
}
METHOD_0(queue_qsize, MP_QSTR_qsize);

static mp_obj_t queue_empty(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    return mp_obj_new_bool(qsize(queue_self(self_in)) == 0);
}
METHOD_0(queue_empty, MP_QSTR_empty);

static mp_obj_t queue_full(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    queue_obj_t *self = queue_self(self_in);
    return mp_obj_new_bool(self->maxsize > 0 && qsize(self) >= (size_t)self->maxsize);
}
METHOD_0(queue_full, MP_QSTR_full);

static mp_obj_t queue_task_done(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    queue_obj_t *self = queue_self(self_in);
    bool locked = enter(self);
    bool ok = self->unfinished > 0;
    if (ok && --self->unfinished == 0) {
        wake_all(self, ALL_TASKS_DONE);
    }
    leave(self, locked);
    if (!ok) {
        mp_raise_ValueError(MP_ERROR_TEXT("task_done() called too many times"));
    }
    return mp_const_none;
}
METHOD_0(queue_task_done, MP_QSTR_task_done);

static mp_obj_t queue_join(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    queue_obj_t *self = queue_self(self_in);
    for (;;) {
        bool locked = enter(self);
        if (self->unfinished == 0) {
            leave(self, locked);
            return mp_const_none;
        }
        sync_waiter_t waiter;
        sync_list_append(list_of(self, ALL_TASKS_DONE), &waiter);
        leave(self, locked);
        mp_obj_t exc;
        waiter_sleep(&waiter, SYNC_FOREVER, &exc);
        if (exc != MP_OBJ_NULL) {
            nlr_raise(exc);
        }
    }
}
METHOD_0(queue_join, MP_QSTR_join);

static mp_obj_t queue_shutdown(mp_obj_t self_in, const mp_obj_t *args) {
    queue_obj_t *self = queue_self(self_in);
    bool immediate = arg_is_true(args[0], false);
    section_t section;
    section_begin(&section, self);
    self->is_shutdown = true;
    if (immediate) {
        while (hook_qsize(self) > 0) {
            hook_get(self);
            if (self->unfinished > 0) {
                --self->unfinished;
            }
        }
    }
    sync_enter();
    if (immediate && !BUG_QUEUE_JOIN_UNTOLD) {
        wake_all(self, ALL_TASKS_DONE);
    }
    wake_all(self, NOT_EMPTY);
    wake_all(self, NOT_FULL);
    sync_leave();
    section_end();
    return mp_const_none;
}
METHOD(queue_shutdown, MP_QSTR_shutdown, 0, MP_QSTR_immediate);

static mp_obj_t queue_native_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)n_args;
    (void)n_kw;
    (void)args;
    // A subclass has not called Queue.__init__(): there is no queue, and its methods say so.
    return mp_const_none;
}

// Attributes, unless the program has set its own on the instance.
static void queue_native_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    queue_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (attr) {
        case MP_QSTR_maxsize:
            dest[0] = mp_obj_new_int(self->maxsize);
            break;
        case MP_QSTR_queue:
            dest[0] = self->items;
            break;
        case MP_QSTR_mutex:
            dest[0] = MP_OBJ_FROM_PTR(get_mutex(self));
            break;
        case MP_QSTR_not_empty:
            dest[0] = get_condition(self, NOT_EMPTY);
            break;
        case MP_QSTR_not_full:
            dest[0] = get_condition(self, NOT_FULL);
            break;
        case MP_QSTR_all_tasks_done:
            dest[0] = get_condition(self, ALL_TASKS_DONE);
            break;
        case MP_QSTR_unfinished_tasks:
            dest[0] = mp_obj_new_int_from_uint(self->unfinished);
            break;
        case MP_QSTR_is_shutdown:
            dest[0] = mp_obj_new_bool(self->is_shutdown);
            break;
    }
}

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_queue_native,
    MP_QSTR__Queue,
    MP_TYPE_FLAG_NONE,
    make_new, queue_native_make_new,
    attr, queue_native_attr
    );

static mp_obj_t queue_repr(mp_obj_t self_in, const mp_obj_t *args) {
    (void)args;
    vstr_t vstr;
    mp_print_t print;
    vstr_init_print(&vstr, 40, &print);
    mp_printf(&print, "<queue.%q object at 0x%p>", (qstr)mp_obj_get_type(self_in)->name, MP_OBJ_TO_PTR(self_in));
    return mp_obj_new_str_from_vstr(&vstr);
}
METHOD_0(queue_repr, MP_QSTR___repr__);

static const mp_rom_map_elem_t queue_table[] = {
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&queue_init_obj) },
    { MP_ROM_QSTR(MP_QSTR___repr__), MP_ROM_PTR(&queue_repr_obj) },
    { MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&queue_put_obj) },
    { MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&queue_get_obj) },
    { MP_ROM_QSTR(MP_QSTR_put_nowait), MP_ROM_PTR(&queue_put_nowait_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_nowait), MP_ROM_PTR(&queue_get_nowait_obj) },
    { MP_ROM_QSTR(MP_QSTR_qsize), MP_ROM_PTR(&queue_qsize_obj) },
    { MP_ROM_QSTR(MP_QSTR_empty), MP_ROM_PTR(&queue_empty_obj) },
    { MP_ROM_QSTR(MP_QSTR_full), MP_ROM_PTR(&queue_full_obj) },
    { MP_ROM_QSTR(MP_QSTR_task_done), MP_ROM_PTR(&queue_task_done_obj) },
    { MP_ROM_QSTR(MP_QSTR_join), MP_ROM_PTR(&queue_join_obj) },
    { MP_ROM_QSTR(MP_QSTR_shutdown), MP_ROM_PTR(&queue_shutdown_obj) },
    { MP_ROM_QSTR(MP_QSTR__init), MP_ROM_PTR(&fifo_init_obj) },
    { MP_ROM_QSTR(MP_QSTR__qsize), MP_ROM_PTR(&queue_hook_qsize_obj) },
    { MP_ROM_QSTR(MP_QSTR__put), MP_ROM_PTR(&queue_hook_put_obj) },
    { MP_ROM_QSTR(MP_QSTR__get), MP_ROM_PTR(&fifo_hook_get_obj) },
};

static const mp_rom_map_elem_t lifo_table[] = {
    { MP_ROM_QSTR(MP_QSTR__init), MP_ROM_PTR(&lifo_init_obj) },
    { MP_ROM_QSTR(MP_QSTR__get), MP_ROM_PTR(&lifo_hook_get_obj) },
};

static const mp_rom_map_elem_t heap_table[] = {
    { MP_ROM_QSTR(MP_QSTR__init), MP_ROM_PTR(&lifo_init_obj) },
    { MP_ROM_QSTR(MP_QSTR__put), MP_ROM_PTR(&heap_hook_put_obj) },
    { MP_ROM_QSTR(MP_QSTR__get), MP_ROM_PTR(&heap_hook_get_obj) },
};

const class_spec_t queue_class_specs[QUEUE_CLASSES] = {
    { MP_QSTR_Queue, MP_ARRAY_SIZE(queue_table), 0, queue_table, NULL },
    { MP_QSTR_LifoQueue, MP_ARRAY_SIZE(lifo_table), 0, lifo_table, NULL },
    { MP_QSTR_PriorityQueue, MP_ARRAY_SIZE(heap_table), 0, heap_table, NULL },
};
