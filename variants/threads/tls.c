// TLS beside other threads: what extmod/modtls_mbedtls.c calls in the place of mbedTLS's functions.
//
// A handshake computes for tens of milliseconds, on a board for a second, and the module does so with
// the GIL. Here it runs outside; mbedTLS's way back into MicroPython, to the socket and to a
// program's verify_callback, takes the GIL. Records are short, and are sealed and opened under the
// GIL: so one thread may read from a connection while another writes.
//
// This file is part of micropython-threading, MIT licence.

#include "py/mpconfig.h"

#if MICROPY_PY_SSL

#include <sys/random.h>

#include "py/mpthread.h"
#include "py/runtime.h"

#include "mbedtls/ctr_drbg.h"
#include "mbedtls/entropy.h"
#include "mbedtls/ssl.h"
#include "mbedtls/threading.h"

#include "futex.h"

// Declared in modtls_mbedtls.c by mbedTLS's headers, under these names.
int mp_threads_ssl_handshake(mbedtls_ssl_context *ssl);
int mp_threads_ssl_read(mbedtls_ssl_context *ssl, unsigned char *buf, size_t len);
int mp_threads_ssl_write(mbedtls_ssl_context *ssl, const unsigned char *buf, size_t len);
void mp_threads_ssl_set_bio(mbedtls_ssl_context *ssl, void *stream, mbedtls_ssl_send_t *send,
    mbedtls_ssl_recv_t *recv, mbedtls_ssl_recv_timeout_t *recv_timeout);
void mp_threads_ssl_conf_verify(mbedtls_ssl_config *conf,
    int (*verify)(void *, mbedtls_x509_crt *, int, uint32_t *), void *context);
int mp_threads_ctr_drbg_seed(mbedtls_ctr_drbg_context *drbg, int (*entropy)(void *, unsigned char *, size_t),
    void *source, const unsigned char *custom, size_t len);

/******************************************************************************/
// The way back. The module has one function of each kind, whatever the connection. When one raises,
// the GIL is held, as whoever catches expects.

static mbedtls_ssl_send_t *module_send;
static mbedtls_ssl_recv_t *module_recv;
static int (*module_verify)(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

static bool enter(void) {
    bool outside = mp_threads_is_outside();
    if (outside) {
        MP_THREAD_GIL_ENTER();
    }
    return outside;
}

static void leave(bool outside) {
    if (outside) {
        MP_THREAD_GIL_EXIT();
    }
}

static int send(void *stream, const unsigned char *buf, size_t len) {
    bool outside = enter();
    int n = module_send(stream, buf, len);
    leave(outside);
    return n;
}

static int recv(void *stream, unsigned char *buf, size_t len) {
    bool outside = enter();
    int n = module_recv(stream, buf, len);
    leave(outside);
    return n;
}

void mp_threads_ssl_set_bio(mbedtls_ssl_context *ssl, void *stream, mbedtls_ssl_send_t *to_send,
    mbedtls_ssl_recv_t *to_recv, mbedtls_ssl_recv_timeout_t *recv_timeout) {
    module_send = to_send;
    module_recv = to_recv;
    mbedtls_ssl_set_bio(ssl, stream, send, recv, recv_timeout);
}

static int verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    bool outside = enter();
    int ret = module_verify(context, crt, depth, flags);
    leave(outside);
    return ret;
}

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
// What a client offers, best first. By default it offers RSA-PSS before PKCS #1 for the sake of TLS
// 1.3, and then refuses the RSA-PSS with which a server that has TLS 1.2 alone answers.
static const uint16_t signatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
    MBEDTLS_TLS1_3_SIG_NONE,
};
#endif

// The module sets its verify function right after mbedTLS's defaults.
void mp_threads_ssl_conf_verify(mbedtls_ssl_config *conf,
    int (*to_verify)(void *, mbedtls_x509_crt *, int, uint32_t *), void *context) {
    module_verify = to_verify;
    #if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_sig_algs(conf, signatures);
    #endif
    #if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)
    mbedtls_ssl_conf_max_frag_len(conf, MBEDTLS_SSL_MAX_FRAG_LEN_4096);
    #endif
    mbedtls_ssl_conf_verify(conf, verify, context);
}

/******************************************************************************/
// What takes long

int mp_threads_ssl_handshake(mbedtls_ssl_context *ssl) {
    MP_THREAD_GIL_EXIT();
    bool outside = mp_threads_is_outside();
    if (!outside) {
        MP_THREAD_GIL_ENTER(); // this thread keeps the GIL; there is nothing to take again
    }
    int ret = mbedtls_ssl_handshake(ssl);
    if (outside) {
        MP_THREAD_GIL_ENTER();
    }
    return ret;
}

// The first to read or write completes the handshake of a socket that was wrapped without it.
static int complete_handshake(mbedtls_ssl_context *ssl) {
    return mbedtls_ssl_is_handshake_over(ssl) ? 0 : mp_threads_ssl_handshake(ssl);
}

int mp_threads_ssl_read(mbedtls_ssl_context *ssl, unsigned char *buf, size_t len) {
    int ret = complete_handshake(ssl);
    return ret != 0 ? ret : mbedtls_ssl_read(ssl, buf, len);
}

int mp_threads_ssl_write(mbedtls_ssl_context *ssl, const unsigned char *buf, size_t len) {
    int ret = complete_handshake(ssl);
    return ret != 0 ? ret : mbedtls_ssl_write(ssl, buf, len);
}

// Waits, on a board that has just started, until the kernel has gathered entropy.
int mp_threads_ctr_drbg_seed(mbedtls_ctr_drbg_context *drbg, int (*entropy)(void *, unsigned char *, size_t),
    void *source, const unsigned char *custom, size_t len) {
    MP_THREAD_GIL_EXIT();
    int ret = mbedtls_ctr_drbg_seed(drbg, entropy, source, custom, len);
    MP_THREAD_GIL_ENTER();
    return ret;
}

/******************************************************************************/
// What mbedTLS asks for: randomness and mutexes

static bool get_random(unsigned char *buf, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom(buf + done, len - done, 0);
        if (n > 0) {
            done += n;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *output_len) {
    (void)data;
    *output_len = len;
    return get_random(output, len) ? 0 : MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
}

#if defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
    uint8_t *output, size_t output_size, size_t *output_length) {
    (void)context;
    *output_length = output_size;
    return get_random(output, output_size) ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}
#endif

static void mutex_init(mbedtls_threading_mutex_t *mutex) {
    mutex->word = 0;
}

static void mutex_free(mbedtls_threading_mutex_t *mutex) {
    (void)mutex;
}

static int mutex_lock(mbedtls_threading_mutex_t *mutex) {
    futex_mutex_lock(&mutex->word);
    return 0;
}

static int mutex_unlock(mbedtls_threading_mutex_t *mutex) {
    futex_mutex_unlock(&mutex->word);
    return 0;
}

void mp_threads_tls_init(void) {
    mbedtls_threading_set_alt(mutex_init, mutex_free, mutex_lock, mutex_unlock);
}

#endif
