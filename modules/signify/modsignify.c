// import signify: was this signed with that key?
//
//     signify.verify(key, message, signature)      # True or False
//
// Ed25519 (RFC 8032): key has 32 bytes, signature 64. The arithmetic is that of OpenBSD's signify,
// whose files hold keys and signatures behind ten bytes of their own; agent/signed.py reads them.
// Others run meanwhile.
//
// This file is part of micropython-threading, MIT licence.

#include <string.h>

#include "py/mpthread.h"
#include "py/runtime.h"

#include "ge25519.h"

// A build with TLS has the hash already.
#if MICROPY_PY_SSL
#include "mbedtls/sha512.h"
#define SHA2_CTX mbedtls_sha512_context
#define SHA512Init(hash) (mbedtls_sha512_init(hash), mbedtls_sha512_starts(hash, 0))
#define SHA512Update mbedtls_sha512_update
#define SHA512Final(out, hash) mbedtls_sha512_finish(hash, out)
#else
#include "compat.h"
#include "sha2.h"
#endif

#define KEY_LEN (32)
#define SIGNATURE_LEN (64)

// A signature is a point R and a number S; it is good when R = S * B - SHA-512(R, key, message) * key.
static bool verify(const uint8_t *key, const uint8_t *message, size_t len, const uint8_t *signature) {
    uint8_t hash[64], bytes[32];
    SHA2_CTX state;
    SHA512Init(&state);
    SHA512Update(&state, signature, 32);
    SHA512Update(&state, key, KEY_LEN);
    SHA512Update(&state, message, len);
    SHA512Final(hash, &state);

    ge25519 minus_key, r;
    sc25519 h, s;
    sc25519_from32bytes(&s, signature + 32);
    sc25519_to32bytes(bytes, &s);
    // S is less than the group's order, or there would be other signatures of the same.
    if (memcmp(bytes, signature + 32, 32) != 0 || ge25519_unpackneg_vartime(&minus_key, key) != 0) {
        return false;
    }
    sc25519_from64bytes(&h, hash);
    ge25519_double_scalarmult_vartime(&r, &minus_key, &h, &ge25519_base, &s);
    ge25519_pack(bytes, &r);
    return memcmp(bytes, signature, 32) == 0;
}

// Strings and bytes only: what other threads cannot change meanwhile.
static mp_obj_t modsignify_verify(mp_obj_t key_in, mp_obj_t message_in, mp_obj_t signature_in) {
    size_t key_len, len, signature_len;
    const char *key = mp_obj_str_get_data(key_in, &key_len);
    const char *message = mp_obj_str_get_data(message_in, &len);
    const char *signature = mp_obj_str_get_data(signature_in, &signature_len);
    if (key_len != KEY_LEN || signature_len != SIGNATURE_LEN) {
        return mp_const_false;
    }
    MP_THREAD_GIL_EXIT();
    bool good = verify((const uint8_t *)key, (const uint8_t *)message, len, (const uint8_t *)signature);
    MP_THREAD_GIL_ENTER();
    return mp_obj_new_bool(good);
}
static MP_DEFINE_CONST_FUN_OBJ_3(modsignify_verify_obj, modsignify_verify);

static const mp_rom_map_elem_t modsignify_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_signify) },
    { MP_ROM_QSTR(MP_QSTR_verify), MP_ROM_PTR(&modsignify_verify_obj) },
};
static MP_DEFINE_CONST_DICT(modsignify_globals, modsignify_globals_table);

const mp_obj_module_t mp_module_signify = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&modsignify_globals,
};

MP_REGISTER_MODULE(MP_QSTR_signify, mp_module_signify);
