// Methods and classes in C. The contract is in threading.h.
//
// This file is part of micropython-threading, MIT licence.

#include <assert.h>
#include <string.h>

#include "threading.h"

static MP_NORETURN void raise_arg(const method_t *spec, const char *what, qstr param) {
    #if MICROPY_ERROR_REPORTING <= MICROPY_ERROR_REPORTING_TERSE
    mp_arg_error_terse_mismatch();
    #else
    vstr_t vstr;
    vstr_init(&vstr, 64);
    vstr_printf(&vstr, "%q() %s '%q'", (qstr)spec->name, what, param);
    mp_raise_type_arg(&mp_type_TypeError, mp_obj_new_str_from_vstr(&vstr));
    #endif
}

void method_parse(const method_t *spec, size_t n_args, size_t n_kw, const mp_obj_t *args, mp_obj_t *vals) {
    if (n_args > spec->n_positional) {
        #if MICROPY_ERROR_REPORTING <= MICROPY_ERROR_REPORTING_TERSE
        mp_arg_error_terse_mismatch();
        #else
        mp_raise_msg_varg(&mp_type_TypeError,
            MP_ERROR_TEXT("%q() takes %d positional arguments but %d were given"),
            (qstr)spec->name, spec->n_positional, (int)n_args);
        #endif
    }
    for (size_t i = 0; i < spec->n_params; ++i) {
        vals[i] = i < n_args ? args[i] : MP_OBJ_NULL;
    }
    for (const mp_obj_t *kw = args + n_args, *end = kw + 2 * n_kw; kw < end; kw += 2) {
        qstr name = mp_obj_str_get_qstr(kw[0]);
        size_t i = 0;
        while (i < spec->n_params && spec->params[i] != name) {
            ++i;
        }
        if (i == spec->n_params) {
            raise_arg(spec, "got an unexpected keyword argument", name);
        }
        if (vals[i] != MP_OBJ_NULL) {
            raise_arg(spec, "got multiple values for argument", name);
        }
        vals[i] = kw[1];
    }
    assert(spec->n_required <= spec->n_params);
    for (size_t i = 0; i < spec->n_required; ++i) {
        if (vals[i] == MP_OBJ_NULL) {
            raise_arg(spec, "missing required argument", spec->params[i]);
        }
    }
}

static mp_obj_t method_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const method_t *self = MP_OBJ_TO_PTR(self_in);
    if (n_args == 0) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("unbound method %q() needs an argument"),
            (qstr)self->name);
    }
    mp_obj_t instance = *args++;
    --n_args;
    mp_obj_t vals[METHOD_MAX_PARAMS];
    if (n_kw > 0 || n_args < self->n_required || n_args > self->n_positional) {
        method_parse(self, n_args, n_kw, args, vals);
    } else if (n_args == self->n_params) {
        return self->fun(instance, args);
    } else {
        for (size_t i = 0; i < self->n_params; ++i) {
            vals[i] = i < n_args ? args[i] : MP_OBJ_NULL;
        }
    }
    return self->fun(instance, vals);
}

static void method_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const method_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL && attr == MP_QSTR___name__) {
        dest[0] = MP_OBJ_NEW_QSTR(self->name);
    }
}

MP_DEFINE_CONST_OBJ_TYPE(
    mp_type_sync_method,
    MP_QSTR_function,
    MP_TYPE_FLAG_BINDS_SELF,
    call, method_call,
    attr, method_attr
    );

// mp_obj_is_subclass_fast() for classes made at run time, each of which has one base, as the usual ones.
static bool is_derived(const mp_obj_type_t *self_type, const mp_obj_type_t *type) {
    const mp_obj_type_t *class = self_type;
    while (mp_obj_is_instance_type(class)) {
        class = MP_OBJ_TYPE_GET_SLOT_OR_NULL(class, parent);
        if (class == type) {
            return true;
        }
        if (class == NULL || class->base.type != &mp_type_type) {
            return mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(self_type), MP_OBJ_FROM_PTR(type));
        }
    }
    return false;
}

void *native_self_maybe(mp_obj_t self_in, const mp_obj_type_t *type) {
    if (mp_obj_is_exact_type(self_in, type)) {
        return MP_OBJ_TO_PTR(self_in);
    }
    const mp_obj_type_t *self_type = mp_obj_get_type(self_in);
    if (!is_derived(self_type, type)) {
        mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("argument should be a '%q' not a '%q'"),
            (qstr)type->name, (qstr)self_type->name);
    }
    mp_obj_t native = ((mp_obj_instance_t *)MP_OBJ_TO_PTR(self_in))->subobj[0];
    // Until __init__() has been called a function stands in for the native object.
    return mp_obj_is_exact_type(native, type)
           || mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(native)), MP_OBJ_FROM_PTR(type))
        ? MP_OBJ_TO_PTR(native) : NULL;
}

void *native_self(mp_obj_t self_in, const mp_obj_type_t *type) {
    void *native = native_self_maybe(self_in, type);
    if (native == NULL) {
        mp_raise_msg_varg(&mp_type_RuntimeError, MP_ERROR_TEXT("%q.__init__() not called"), (qstr)type->name);
    }
    return native;
}

mp_obj_t class_new(const class_spec_t *spec, mp_const_obj_t base) {
    mp_obj_t dict = mp_obj_new_dict(spec->n_entries + spec->n_properties);
    // In the few methods of a derived class it is quicker to look one after the other for what is the
    // base's than to hash its name.
    mp_obj_dict_get_map(dict)->is_ordered = MICROPY_PY_COLLECTIONS_ORDEREDDICT && spec->n_entries <= 4;
    for (size_t i = 0; i < spec->n_entries; ++i) {
        const mp_rom_map_elem_t *entry = &spec->entries[i];
        mp_obj_dict_store(dict, *(mp_obj_t *)&entry->key, *(mp_obj_t *)&entry->value);
    }
    for (size_t i = 0; i < spec->n_properties; ++i) {
        const class_property_t *property = &spec->properties[i];
        mp_obj_t args[2] = { *(mp_obj_t *)&property->getter, *(mp_obj_t *)&property->setter };
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(property->name),
            mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_property), 2, 0, args));
    }
    // type(name, (base,), dict)
    mp_obj_t args[3] = { MP_OBJ_NEW_QSTR(spec->name), mp_obj_new_tuple(1, (mp_obj_t *)&base), dict };
    return mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_type), 3, 0, args);
}

void module_set(const mp_obj_module_t *module, qstr name, mp_obj_t value) {
    mp_map_lookup(&module->globals->map, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP)->value = value;
}

void module_set_classes(const mp_obj_module_t *module, const mp_obj_t *classes, size_t n) {
    for (size_t i = 0; i < n; ++i) {
        module_set(module, ((mp_obj_type_t *)MP_OBJ_TO_PTR(classes[i]))->name, classes[i]);
    }
}
