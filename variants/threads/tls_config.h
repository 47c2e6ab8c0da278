// mbedTLS for a board: TLS=12 is TLS 1.2, TLS=13 also TLS 1.3. RSA and ECDSA certificates in PEM or
// DER, mutual authentication, AES-GCM and ChaCha20-Poly1305, forward secrecy always. No CBC, no
// SHA-1, no renegotiation: nothing that has been found weak. docs/sizes.md has the prices.
//
// This file is part of micropython-threading, MIT licence.

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_DEPRECATED_REMOVED
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_ERROR_C // MicroPython's, with the short texts

// Handshakes run outside the GIL, and what they share is locked (tls.c). So is the kernel's randomness.
#define MBEDTLS_THREADING_C
#define MBEDTLS_THREADING_ALT
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_ENTROPY_C
#define MBEDTLS_CTR_DRBG_C

// Records: a peer may send 16 KB. TLS_RECORD=4 takes 12 KB less RAM. With TLS=12 the peer is asked
// for no more; with TLS=13 it is for a broker that never sends more, because mbedTLS's TLS 1.3 refuses
// the answer to that question.
#define MBEDTLS_SSL_IN_CONTENT_LEN (THREADS_TLS_RECORD * 1024)
#define MBEDTLS_SSL_OUT_CONTENT_LEN (4096)
#if THREADS_TLS_RECORD < 16 && THREADS_TLS < 13
#define MBEDTLS_SSL_MAX_FRAGMENT_LENGTH
#endif

// The protocol.
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#if !THREADS_PROFILE_SMALL
#define MBEDTLS_SSL_SRV_C
#endif
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#if THREADS_TLS >= 13
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE "tls_psa_config.h"
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
#define MBEDTLS_PSA_KEY_SLOT_COUNT (16)
#endif

// In the order of preference; a board has no instructions for AES, so ChaCha20 is first.
#if THREADS_TLS >= 13
#define TLS_CIPHERSUITES_13 \
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, \
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, \
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#else
#define TLS_CIPHERSUITES_13
#endif
#define MBEDTLS_SSL_CIPHERSUITES \
    TLS_CIPHERSUITES_13 \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, \
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, \
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, \
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384

// Ciphers and hashes, each in its smaller form.
#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#if THREADS_PROFILE_SMALL
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT // GCM runs AES forwards both ways
#else
// For the modules cryptolib and hashlib; TLS does not offer them.
#define MBEDTLS_CIPHER_MODE_CBC
#define MBEDTLS_CIPHER_MODE_CTR
#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#endif
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER

// Keys. Small windows: a handshake needs each point once.
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_WINDOW_SIZE (2)
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_WINDOW_SIZE (2)
#define MBEDTLS_ECP_FIXED_POINT_OPTIM (0)
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

// Certificates.
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_OID_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT

// What modules/x509 makes: keys and requests for certificates.
#if THREADS_X509
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_PEM_WRITE_C
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CSR_WRITE_C
#endif

// Errors that have a name rather than a number: those of the protocol, of certificates and of keys.
#if THREADS_TLS_NAMES
#undef MBEDTLS_AES_C
#undef MBEDTLS_BASE64_C
#undef MBEDTLS_BIGNUM_C
#undef MBEDTLS_CHACHA20_C
#undef MBEDTLS_CHACHAPOLY_C
#undef MBEDTLS_CIPHER_C
#undef MBEDTLS_CTR_DRBG_C
#undef MBEDTLS_ENTROPY_C
#undef MBEDTLS_GCM_C
#undef MBEDTLS_MD_C
#undef MBEDTLS_OID_C
#undef MBEDTLS_POLY1305_C
#undef MBEDTLS_SHA256_C
#undef MBEDTLS_SHA512_C
#undef MBEDTLS_THREADING_C
#endif
