// What the files of modules/queue share.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_QUEUE_H
#define INCLUDED_QUEUE_H

#include "threading.h"

extern const mp_obj_type_t mp_type_Empty;
extern const mp_obj_type_t mp_type_Full;
extern const mp_obj_type_t mp_type_ShutDown;

// The C state of a Queue, and the classes made over it.
extern const mp_obj_type_t mp_type_queue_native;
#define QUEUE_CLASSES (3)
extern const class_spec_t queue_class_specs[QUEUE_CLASSES];

extern const mp_obj_type_t mp_type_queue_simple;

#endif // INCLUDED_QUEUE_H
