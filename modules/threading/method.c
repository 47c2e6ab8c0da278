// Methods and classes in C. The contract is in threading.h.
//
// This file is part of micropython-threading, MIT licence.

#include <assert.h>
#include <string.h>

#include "py/objtuple.h"
#include "threading.h"

MP_NORETURN void raise_runtime_error(mp_rom_error_text_t text) {
    mp_raise_msg(&mp_type_RuntimeError, text);
}

static MP_NORETURN void raise_arg(const method_t *spec, mp_rom_error_text_t text, qstr param) {
    #if MICROPY_ERROR_REPORTING <= MICROPY_ERROR_REPORTING_TERSE
    mp_arg_error_terse_mismatch();
    #else
    mp_raise_msg_varg(&mp_type_TypeError, text, (qstr)spec->name, param);
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
            raise_arg(spec, MP_ERROR_TEXT("%q() got an unexpected keyword argument '%q'"), name);
        }
        if (vals[i] != MP_OBJ_NULL) {
            raise_arg(spec, MP_ERROR_TEXT("%q() got multiple values for argument '%q'"), name);
        }
        vals[i] = kw[1];
    }
    assert(spec->n_required <= spec->n_params);
    for (size_t i = 0; i < spec->n_required; ++i) {
        if (vals[i] == MP_OBJ_NULL) {
            raise_arg(spec, MP_ERROR_TEXT("%q() missing required argument '%q'"), spec->params[i]);
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

MP_NORETURN void raise_not_called(const mp_obj_type_t *exc_type, qstr name) {
    mp_raise_msg_varg(exc_type, MP_ERROR_TEXT("%q.__init__() not called"), name);
}

void *native_self(mp_obj_t self_in, const mp_obj_type_t *type) {
    if (mp_obj_is_exact_type(self_in, type)) {
        return MP_OBJ_TO_PTR(self_in); // as nearly always
    }
    void *native = native_self_maybe(self_in, type);
    if (native == NULL) {
        raise_not_called(&mp_type_RuntimeError, type->name);
    }
    return native;
}

void print_head(const mp_print_t *print, mp_obj_t self_in) {
    mp_obj_base_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<threading.%q at 0x%p: ", (qstr)self->type->name, self);
}

void call_with(mp_obj_t fun, mp_obj_t self, mp_obj_t args, mp_obj_t kwargs) {
    mp_obj_t dict = mp_obj_cast_to_native_base(kwargs, MP_OBJ_FROM_PTR(&mp_type_dict));
    if (dict == MP_OBJ_NULL) {
        dict = mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_dict), kwargs); // TypeError for what is no mapping
    }
    if (self == MP_OBJ_NULL && mp_obj_is_type(args, &mp_type_tuple) && mp_obj_dict_len(dict) == 0) {
        // The usual call. Nobody but this thread knows the copy; the tuple may be gone before fun() returns.
        mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(args);
        mp_obj_t *copy = m_new(mp_obj_t, tuple->len + 1);
        memcpy(copy, tuple->items, tuple->len * sizeof(*copy));
        mp_call_function_n_kw(fun, tuple->len, 0, copy);
        return;
    }
    // As the interpreter does it for a call with stars: the last word says which arguments have one, and
    // two stars are a pair without a name.
    mp_obj_t call[] = { fun, self, args, MP_OBJ_NULL, dict, MP_OBJ_NEW_SMALL_INT(1) };
    mp_call_method_n_kw_var(true, 1 | 1 << 8, call);
}

mp_obj_t dict_from_kwargs(mp_map_t *kwargs) {
    mp_obj_dict_t dict = { { &mp_type_dict }, *kwargs };
    return mp_obj_dict_copy(MP_OBJ_FROM_PTR(&dict));
}

static mp_obj_t class_new(const class_spec_t *spec, mp_const_obj_t base) {
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

void classes_new(const mp_obj_module_t *module, mp_obj_t *classes, const class_spec_t *specs, size_t n,
    const mp_obj_type_t *native) {
    for (size_t i = 0; i < n; ++i) {
        classes[i] = class_new(&specs[i], i == 0 ? MP_OBJ_FROM_PTR(native) : classes[0]);
        module_set(module, specs[i].name, classes[i]);
    }
}
