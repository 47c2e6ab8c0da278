// local: attributes of which every thread has its own.
//
// A local object holds a dict for each thread that has touched it, found by the thread's serial
// number. Attributes are looked up there before the class, as in any instance: the class of a local
// object, and each subclass when its first object is made, gets the attribute handler below in place
// of the interpreter's own, which it calls for what is not in the dict.
//
// When a thread ends its dicts go from all local objects. These stand in a list that does not keep
// them alive: the links are hidden from the collector, and an object's finaliser takes it out.
//
// This file is part of micropython-threading, MIT licence.

#include "threading.h"

#if !MICROPY_ENABLE_FINALISER
#error "local needs MICROPY_ENABLE_FINALISER"
#endif

typedef struct _slot_t {
    struct _slot_t *next;
    mp_uint_t serial; // whose it is
    mp_obj_t dict;
} slot_t;

typedef struct _local_obj_t {
    mp_obj_base_t base;
    uintptr_t next; // hidden (see hide()), in the list of all; under the guard
    uintptr_t prev;
    slot_t *slots; // under the guard
    mp_obj_t args; // of __init__(), for the threads to come
    mp_obj_t kwargs;
} local_obj_t;

static local_obj_t *first; // all local objects; not a root; under the guard
static mp_attr_fun_t instance_attr; // what instances of classes have

static uintptr_t hide(local_obj_t *self) {
    return ~(uintptr_t)self;
}

static local_obj_t *reveal(uintptr_t hidden) {
    return (local_obj_t *)~hidden;
}

static mp_obj_t local_del(mp_obj_t self_in) {
    local_obj_t *self = MP_OBJ_TO_PTR(self_in);
    sync_enter();
    if (self == first) {
        first = reveal(self->next);
    } else if (reveal(self->prev) != NULL) {
        reveal(self->prev)->next = self->next;
    }
    if (reveal(self->next) != NULL) {
        reveal(self->next)->prev = self->prev;
    }
    // Out of the list for good, should it be called again.
    self->next = self->prev = hide(NULL);
    sync_leave();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(local_del_obj, local_del);

// The collector looks for __del__ here.
static void local_native_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    if (dest[0] == MP_OBJ_NULL && attr == MP_QSTR___del__) {
        dest[0] = MP_OBJ_FROM_PTR(&local_del_obj);
        dest[1] = self_in;
    }
}

// Here because a class must be able to make its native half; it is __new__() that does.
static mp_obj_t local_native_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    (void)n_args;
    (void)n_kw;
    (void)args;
    return mp_const_none;
}

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_local_native,
    MP_QSTR__localimpl,
    MP_TYPE_FLAG_NONE,
    make_new, local_native_make_new,
    attr, local_native_attr
    );

// Takes the thread's slot out. Under the guard.
static void remove_slot(local_obj_t *self, mp_uint_t serial) {
    for (slot_t **link = &self->slots; *link != NULL; link = &(*link)->next) {
        if ((*link)->serial == serial) {
            *link = (*link)->next;
            break;
        }
    }
}

void local_thread_ended(mp_uint_t serial) {
    for (local_obj_t *self = first; self != NULL; self = reveal(self->next)) {
        remove_slot(self, serial);
    }
}

// Calls the __init__() of a subclass for a thread that has not touched the object yet.
static void init_for_thread(local_obj_t *self, mp_obj_t self_in, mp_uint_t serial) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t dest[2];
        mp_load_method(MP_OBJ_FROM_PTR(mp_obj_get_type(self_in)), MP_QSTR___init__, dest);
        call_with(dest[0], self_in, self->args, self->kwargs);
        nlr_pop();
    } else {
        // The next touch tries again.
        sync_enter();
        remove_slot(self, serial);
        sync_leave();
        nlr_jump(nlr.ret_val);
    }
}

// The calling thread's dict.
static mp_obj_t local_dict(mp_obj_t self_in, bool init) {
    local_obj_t *self = native_self_maybe(self_in, &mp_type_local_native);
    if (self == NULL) {
        mp_raise_TypeError(MP_ERROR_TEXT("object.__new__(local) is not safe, use local.__new__()"));
    }
    mp_uint_t serial = thread_current_serial();
    sync_enter();
    slot_t **link = &self->slots, *slot;
    while ((slot = *link) != NULL && slot->serial != serial) {
        link = &slot->next;
    }
    if (slot != NULL) {
        // To the front: the same thread comes again.
        *link = slot->next;
        slot->next = self->slots;
        self->slots = slot;
    }
    sync_leave();
    if (slot == NULL) {
        slot = m_new_obj(slot_t);
        slot->serial = serial;
        slot->dict = mp_obj_new_dict(0);
        sync_enter();
        slot->next = self->slots;
        self->slots = slot;
        sync_leave();
        if (init) {
            init_for_thread(self, self_in, serial);
        }
    }
    return slot->dict;
}

// Stores, or deletes if value is MP_OBJ_NULL, in the calling thread's dict. False: nothing to delete.
static bool store(mp_obj_t self_in, qstr attr, mp_obj_t value) {
    mp_obj_t dict = local_dict(self_in, true);
    if (value != MP_OBJ_NULL) {
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(attr), value);
        return true;
    }
    return mp_map_lookup(mp_obj_dict_get_map(dict), MP_OBJ_NEW_QSTR(attr), MP_MAP_LOOKUP_REMOVE_IF_FOUND) != NULL;
}

// What a subclass's own __setattr__() and __delattr__() find with super().
static mp_obj_t local_setattr(mp_obj_t self_in, const mp_obj_t *args) {
    store(self_in, mp_obj_str_get_qstr(args[0]), args[1]);
    return mp_const_none;
}
METHOD(local_setattr, MP_QSTR___setattr__, 2, MP_QSTR_name, MP_QSTR_value);

static mp_obj_t local_delattr(mp_obj_t self_in, const mp_obj_t *args) {
    if (!store(self_in, mp_obj_str_get_qstr(args[0]), MP_OBJ_NULL)) {
        mp_raise_msg(&mp_type_AttributeError, MP_ERROR_TEXT("no such attribute"));
    }
    return mp_const_none;
}
METHOD(local_delattr, MP_QSTR___delattr__, 1, MP_QSTR_name);

// What the class has under the name, or MP_OBJ_NULL.
static MP_NOINLINE mp_obj_t class_attr(const mp_obj_type_t *type, qstr attr) {
    mp_obj_t dest[2];
    mp_load_method_maybe(MP_OBJ_FROM_PTR(type), attr, dest);
    return dest[0];
}

// Whether the class, not the instance, decides about a store: a property, or a method of a subclass.
static bool class_stores(const mp_obj_type_t *type, qstr attr, bool delete) {
    const method_t *own = delete ? &local_delattr_obj : &local_setattr_obj;
    mp_obj_t member = class_attr(type, attr);
    return class_attr(type, own->name) != MP_OBJ_FROM_PTR(own)
           || (member != MP_OBJ_NULL && mp_obj_is_type(member, &mp_type_property));
}

static void local_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const mp_obj_type_t *type = mp_obj_get_type(self_in);
    bool load = dest[0] == MP_OBJ_NULL;
    mp_obj_t dict = local_dict(self_in, true);
    if (attr == MP_QSTR___dict__) {
        if (!load) {
            mp_raise_msg_varg(&mp_type_AttributeError,
                MP_ERROR_TEXT("'%q' object attribute '__dict__' is read-only"), (qstr)type->name);
        }
        dest[0] = dict;
        return;
    }
    if (load) {
        mp_map_elem_t *elem = mp_map_lookup(mp_obj_dict_get_map(dict), MP_OBJ_NEW_QSTR(attr), MP_MAP_LOOKUP);
        if (elem != NULL) {
            dest[0] = elem->value;
        } else {
            instance_attr(self_in, attr, dest);
        }
    } else if (class_stores(type, attr, dest[1] == MP_OBJ_NULL)) {
        instance_attr(self_in, attr, dest);
    } else if (store(self_in, attr, dest[1])) {
        dest[0] = MP_OBJ_NULL; // done
    }
}

// local.__init__() does nothing; a subclass's calls it, or not.
static mp_obj_t local_init(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    (void)n_args;
    (void)args;
    (void)kwargs;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(local_init_obj, 0, local_init);

// __new__(cls, *args, **kwargs)
static mp_obj_t local_new(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    mp_obj_type_t *type = MP_OBJ_TO_PTR(args[0]);
    if (!mp_obj_is_type(args[0], &mp_type_type) || !mp_obj_is_subclass_fast(args[0], threading_class(CLASS_LOCAL))) {
        mp_raise_TypeError(MP_ERROR_TEXT("local.__new__(X): X is not a subtype of local"));
    }
    if (class_attr(type, MP_QSTR___init__) == MP_OBJ_FROM_PTR(&local_init_obj) && (n_args > 1 || kwargs->used > 0)) {
        mp_raise_TypeError(MP_ERROR_TEXT("Initialization arguments are not supported"));
    }
    if (MP_OBJ_TYPE_GET_SLOT(type, attr) != local_attr) {
        instance_attr = MP_OBJ_TYPE_GET_SLOT(type, attr);
        MP_OBJ_TYPE_SET_SLOT(type, attr, local_attr, type->slot_index_attr - 1);
    }

    local_obj_t *self = mp_obj_malloc_with_finaliser(local_obj_t, &mp_type_local_native);
    self->next = self->prev = hide(NULL);
    self->slots = NULL;
    self->args = self->kwargs = MP_OBJ_NULL;
    // In the list before anything can fail: the finaliser takes it out.
    sync_enter();
    self->next = hide(first);
    if (first != NULL) {
        first->prev = hide(self);
    }
    first = self;
    sync_leave();
    self->args = mp_obj_new_tuple(n_args - 1, args + 1);
    self->kwargs = dict_from_kwargs(kwargs);
    const mp_obj_type_t *native_base;
    mp_obj_instance_t *instance = mp_obj_new_instance(type, &native_base);
    instance->subobj[0] = MP_OBJ_FROM_PTR(self);
    // The interpreter calls __init__() for the creating thread, right after this.
    local_dict(MP_OBJ_FROM_PTR(instance), false);
    return MP_OBJ_FROM_PTR(instance);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(local_new_obj, 1, local_new);

static const mp_rom_map_elem_t local_table[] = {
    { MP_ROM_QSTR(MP_QSTR___new__), MP_ROM_PTR(&local_new_obj) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&local_init_obj) },
    { MP_ROM_QSTR(MP_QSTR___setattr__), MP_ROM_PTR(&local_setattr_obj) },
    { MP_ROM_QSTR(MP_QSTR___delattr__), MP_ROM_PTR(&local_delattr_obj) },
};

const class_spec_t local_class = { MP_QSTR_local, MP_ARRAY_SIZE(local_table), 0, local_table, NULL };
