// import queue: CPython 3.14's public API.
//
// This file is part of micropython-threading, MIT licence.

#include "py/objtuple.h"
#include "queue.h"

MP_REGISTER_ROOT_POINTER(mp_obj_t queue_classes[3]);

extern const mp_obj_module_t mp_module_queue;

// import runs it: the first time it makes the classes.
static mp_obj_t queue_module_init(void) {
    take_sigint();
    MP_STATIC_ASSERT(MP_ARRAY_SIZE(MP_STATE_VM(queue_classes)) == QUEUE_CLASSES);
    mp_obj_t *classes = MP_STATE_VM(queue_classes);
    if (classes[QUEUE_CLASSES - 1] == MP_OBJ_NULL) {
        classes_new(&mp_module_queue, classes, queue_class_specs, QUEUE_CLASSES, &mp_type_queue_native);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(queue_module_init_obj, queue_module_init);

static const mp_rom_obj_tuple_t queue_all = {
    { &mp_type_tuple }, 7, {
        MP_ROM_QSTR(MP_QSTR_Empty), MP_ROM_QSTR(MP_QSTR_Full), MP_ROM_QSTR(MP_QSTR_ShutDown),
        MP_ROM_QSTR(MP_QSTR_Queue), MP_ROM_QSTR(MP_QSTR_PriorityQueue), MP_ROM_QSTR(MP_QSTR_LifoQueue),
        MP_ROM_QSTR(MP_QSTR_SimpleQueue),
    }
};

// Not const: import sets the entries without a value.
static mp_rom_map_elem_t queue_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_queue) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&queue_module_init_obj) },
    { MP_ROM_QSTR(MP_QSTR___all__), MP_ROM_PTR(&queue_all) },
    { MP_ROM_QSTR(MP_QSTR_Empty), MP_ROM_PTR(&mp_type_Empty) },
    { MP_ROM_QSTR(MP_QSTR_Full), MP_ROM_PTR(&mp_type_Full) },
    { MP_ROM_QSTR(MP_QSTR_ShutDown), MP_ROM_PTR(&mp_type_ShutDown) },
    { MP_ROM_QSTR(MP_QSTR_SimpleQueue), MP_ROM_PTR(&mp_type_queue_simple) },
    { MP_ROM_QSTR(MP_QSTR_Queue), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_LifoQueue), MP_ROM_NONE },
    { MP_ROM_QSTR(MP_QSTR_PriorityQueue), MP_ROM_NONE },
};
static MP_DEFINE_CONST_DICT(queue_globals, queue_globals_table);

const mp_obj_module_t mp_module_queue = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&queue_globals,
};

MP_REGISTER_MODULE(MP_QSTR_queue, mp_module_queue);
