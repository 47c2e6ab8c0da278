// mbedTLS's mutex; tls.c locks it.
//
// This file is part of micropython-threading, MIT licence.
#ifndef INCLUDED_THREADS_THREADING_ALT_H
#define INCLUDED_THREADS_THREADING_ALT_H

#include <stdint.h>

typedef struct mbedtls_threading_mutex_t {
    uint32_t word;
} mbedtls_threading_mutex_t;

#endif // INCLUDED_THREADS_THREADING_ALT_H
