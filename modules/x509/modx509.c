// import x509: a device's own key, and the certificate that belongs to it.
//
//     key = x509.make_key()                    # ECDSA P-256; text in PEM, as all of these
//     request = x509.request(key, "pump-7")    # for whoever signs certificates; CN=pump-7
//     x509.check(certificate, key)             # (year, month, day, hour, minute, second): its end
//
// What is malformed, or does not belong together, raises ValueError.
//
// This file is part of micropython-threading, MIT licence.

#include <string.h>

#include "py/mpthread.h"
#include "py/runtime.h"

#include "mbedtls/ecp.h"
#include "mbedtls/pk.h"
#include "mbedtls/x509_crt.h"
#include "mbedtls/x509_csr.h"

// A name as long as X.509 has it, and more than its request takes.
#define MAX_NAME (64)
#define PEM_LEN (1024)

// The kernel's, as TLS has it: variants/threads/tls.c.
int mbedtls_hardware_poll(void *source, unsigned char *out, size_t len, size_t *out_len);

static int get_random(void *source, unsigned char *out, size_t len) {
    size_t n;
    return mbedtls_hardware_poll(source, out, len, &n);
}

static mp_obj_t text_or_raise(int ret, const unsigned char *text) {
    if (ret != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid key"));
    }
    return mp_obj_new_str((const char *)text, strlen((const char *)text));
}

static mp_obj_t modx509_make_key(void) {
    unsigned char pem[PEM_LEN];
    MP_THREAD_GIL_EXIT();
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    int ret = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (ret == 0) {
        ret = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), get_random, NULL);
    }
    if (ret == 0) {
        ret = mbedtls_pk_write_key_pem(&key, pem, sizeof(pem));
    }
    mbedtls_pk_free(&key);
    MP_THREAD_GIL_ENTER();
    return text_or_raise(ret, pem);
}
static MP_DEFINE_CONST_FUN_OBJ_0(modx509_make_key_obj, modx509_make_key);

// Strings end with the zero that mbedTLS wants PEM to end with.
static int parse_key(mbedtls_pk_context *key, const char *pem) {
    return mbedtls_pk_parse_key(key, (const unsigned char *)pem, strlen(pem) + 1, NULL, 0, get_random, NULL);
}

static mp_obj_t modx509_request(mp_obj_t key_in, mp_obj_t name_in) {
    size_t name_len;
    const char *key_pem = mp_obj_str_get_str(key_in), *name = mp_obj_str_get_data(name_in, &name_len);
    unsigned char pem[PEM_LEN];
    char subject[3 + MAX_NAME + 1] = "CN=";
    if (name_len > MAX_NAME) {
        mp_raise_ValueError(MP_ERROR_TEXT("name too long"));
    }
    memcpy(subject + 3, name, name_len);
    MP_THREAD_GIL_EXIT();
    mbedtls_pk_context key;
    mbedtls_x509write_csr csr;
    mbedtls_pk_init(&key);
    mbedtls_x509write_csr_init(&csr);
    mbedtls_x509write_csr_set_md_alg(&csr, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&csr, &key);
    int ret = parse_key(&key, key_pem);
    if (ret == 0) {
        ret = mbedtls_x509write_csr_set_subject_name(&csr, subject);
    }
    if (ret == 0) {
        ret = mbedtls_x509write_csr_pem(&csr, pem, sizeof(pem), get_random, NULL);
    }
    mbedtls_x509write_csr_free(&csr);
    mbedtls_pk_free(&key);
    MP_THREAD_GIL_ENTER();
    return text_or_raise(ret, pem);
}
static MP_DEFINE_CONST_FUN_OBJ_2(modx509_request_obj, modx509_request);

static mp_obj_t modx509_check(mp_obj_t cert_in, mp_obj_t key_in) {
    const char *cert_pem = mp_obj_str_get_str(cert_in), *key_pem = mp_obj_str_get_str(key_in);
    MP_THREAD_GIL_EXIT();
    mbedtls_pk_context key;
    mbedtls_x509_crt cert;
    mbedtls_pk_init(&key);
    mbedtls_x509_crt_init(&cert);
    int ret = parse_key(&key, key_pem);
    if (ret == 0) {
        ret = mbedtls_x509_crt_parse(&cert, (const unsigned char *)cert_pem, strlen(cert_pem) + 1);
    }
    if (ret == 0) {
        ret = mbedtls_pk_check_pair(&cert.pk, &key, get_random, NULL);
    }
    mbedtls_x509_time end = cert.valid_to;
    mbedtls_x509_crt_free(&cert);
    mbedtls_pk_free(&key);
    MP_THREAD_GIL_ENTER();
    if (ret != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("no certificate of this key"));
    }
    mp_obj_t items[] = {
        MP_OBJ_NEW_SMALL_INT(end.year), MP_OBJ_NEW_SMALL_INT(end.mon), MP_OBJ_NEW_SMALL_INT(end.day),
        MP_OBJ_NEW_SMALL_INT(end.hour), MP_OBJ_NEW_SMALL_INT(end.min), MP_OBJ_NEW_SMALL_INT(end.sec),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_2(modx509_check_obj, modx509_check);

static const mp_rom_map_elem_t modx509_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_x509) },
    { MP_ROM_QSTR(MP_QSTR_make_key), MP_ROM_PTR(&modx509_make_key_obj) },
    { MP_ROM_QSTR(MP_QSTR_request), MP_ROM_PTR(&modx509_request_obj) },
    { MP_ROM_QSTR(MP_QSTR_check), MP_ROM_PTR(&modx509_check_obj) },
};
static MP_DEFINE_CONST_DICT(modx509_globals, modx509_globals_table);

const mp_obj_module_t mp_module_x509 = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&modx509_globals,
};

MP_REGISTER_MODULE(MP_QSTR_x509, mp_module_x509);
