// print(), one write a call: lines of different threads do not mix, and keep the order in which
// their threads called print().
//
// The built-in print() writes every argument, separator and end by itself. This one gathers the
// text, then writes it under a lock that it takes before it leaves the GIL: who prints later, in
// whatever thread, waits for it.
//
// This file is part of micropython-threading, MIT licence.

#include <string.h>

#include "py/builtin.h"
#include "py/objtype.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "sync.h"

// In extmod/vfs_posix_file.c, which has no header; declared as py/modsys.c does.
extern struct _mp_dummy_t mp_sys_stdout_obj;
extern struct _mp_dummy_t mp_sys_stderr_obj;

// A line of a log fits; a longer text goes to the heap.
#define PRINT_BUFFER (256)

typedef struct {
    mp_obj_t file;
    size_t len;
    char *text; // `buffer`, or what was allocated instead
    size_t alloc;
    char buffer[PRINT_BUFFER];
} printer_t;

// Of each of the standard streams.
static sync_sem_t stdout_lock = SYNC_SEM_INIT(1);
static sync_sem_t stderr_lock = SYNC_SEM_INIT(1);

typedef struct {
    nlr_jump_callback_node_t on_exception;
    sync_sem_t *lock;
} section_t;

static void unlock(void *section) {
    sync_sem_release(((section_t *)section)->lock, 1, 1);
}

// Writes what is gathered. Only the standard streams are shared, and locked.
static void print_flush(printer_t *p) {
    size_t len = p->len;
    p->len = 0;
    if (len == 0) {
        return;
    }
    section_t section;
    if (p->file == MP_OBJ_FROM_PTR(&mp_sys_stdout_obj)) {
        section.lock = &stdout_lock;
    } else if (p->file == MP_OBJ_FROM_PTR(&mp_sys_stderr_obj)) {
        section.lock = &stderr_lock;
    } else {
        mp_stream_write_adaptor(MP_OBJ_TO_PTR(p->file), p->text, len);
        return;
    }
    while (sync_sem_acquire_in_order(section.lock, SYNC_FOREVER) == SYNC_INTERRUPTED) {
        mp_handle_pending(true);
    }
    nlr_push_jump_callback(&section.on_exception, unlock);
    for (const char *text = p->text;;) {
        mp_obj_t written = mp_stream_write(p->file, text, len, MP_STREAM_RW_WRITE | MP_STREAM_RW_ONCE);
        size_t n = written == mp_const_none ? len : (size_t)mp_obj_get_int(written);
        if (n >= len) {
            break;
        }
        // Cut short, by a signal perhaps: the rest would wait for another one.
        text += n;
        len -= n;
        mp_handle_pending(true);
    }
    nlr_pop_jump_callback(true);
}

static void print_strn(void *env, const char *str, size_t len) {
    printer_t *p = env;
    if (len > p->alloc - p->len) {
        size_t alloc = (p->len + len) * 2;
        char *text = m_new_maybe(char, alloc);
        if (text == NULL) {
            // No memory: better in pieces than not at all.
            print_flush(p);
            mp_stream_write_adaptor(MP_OBJ_TO_PTR(p->file), str, len);
            return;
        }
        memcpy(text, p->text, p->len);
        if (p->text != p->buffer) {
            m_del(char, p->text, p->alloc);
        }
        p->text = text;
        p->alloc = alloc;
    }
    memcpy(p->text + p->len, str, len);
    p->len += len;
}

static mp_obj_t builtin_print(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    enum { ARG_sep, ARG_end, ARG_file, ARG_flush };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_sep, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_QSTR(MP_QSTR__space_)} },
        { MP_QSTR_end, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_QSTR(MP_QSTR__0x0a_)} },
        { MP_QSTR_file, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_PTR(&mp_sys_stdout_obj)} },
        { MP_QSTR_flush, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false} },
    };
    mp_arg_val_t vals[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(0, NULL, kwargs, MP_ARRAY_SIZE(allowed), allowed, vals);
    mp_obj_t file = vals[ARG_file].u_obj;
    mp_get_stream_raise(file, MP_STREAM_OP_WRITE);
    size_t sep_len, end_len;
    const char *sep = mp_obj_str_get_data(vals[ARG_sep].u_obj, &sep_len);
    const char *end = mp_obj_str_get_data(vals[ARG_end].u_obj, &end_len);

    printer_t p;
    p.file = file;
    p.len = 0;
    p.text = p.buffer;
    p.alloc = sizeof(p.buffer);
    mp_print_t print = { &p, print_strn };
    bool in_python = mp_obj_is_instance_type(mp_obj_get_type(file));
    if (in_python) {
        // A stream written in Python sees the pieces, as CPython's print() shows them.
        print.data = MP_OBJ_TO_PTR(file);
        print.print_strn = mp_stream_write_adaptor;
    }

    // An argument's __str__ may raise: what came before it is printed, as by the built-in print().
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        for (size_t i = 0; i < n_args; i++) {
            if (i > 0) {
                print.print_strn(print.data, sep, sep_len);
            }
            mp_obj_print_helper(&print, args[i], PRINT_STR);
        }
        nlr_pop();
    } else {
        print_flush(&p);
        nlr_jump(nlr.ret_val);
    }
    print.print_strn(print.data, end, end_len);
    print_flush(&p);
    if (p.text != p.buffer) {
        m_del(char, p.text, p.alloc);
    }
    if (in_python && vals[ARG_flush].u_bool) {
        // The built-in streams of this variant keep nothing back.
        mp_obj_t flush[2];
        mp_load_method(file, MP_QSTR_flush, flush);
        mp_call_method_n_kw(0, 0, flush);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(builtin_print_obj, 0, builtin_print);

void mp_threads_variant_init(void) {
    mp_obj_t overrides = mp_obj_new_dict(1);
    mp_obj_dict_store(overrides, MP_OBJ_NEW_QSTR(MP_QSTR_print), MP_OBJ_FROM_PTR(&builtin_print_obj));
    MP_STATE_VM(mp_module_builtins_override_dict) = MP_OBJ_TO_PTR(overrides);
}
