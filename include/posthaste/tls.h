/* SPDX-License-Identifier: MIT */
/*
 * TLS settings of a connection (ph_tls_config) and what a handshake agreed on (ph_tls_info).
 * Verification of chain and name is on by default, with the system's trust anchors.
 */
#ifndef POSTHASTE_TLS_H
#define POSTHASTE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/api.h>

PH_BEGIN_DECLS

/** The oldest TLS version that is accepted. */
typedef enum ph_tls_version {
    PH_TLS_1_0 = 0x0301,
    PH_TLS_1_1 = 0x0302,
    PH_TLS_1_2 = 0x0303, /**< the default */
    PH_TLS_1_3 = 0x0304
} ph_tls_version;

/**
 * Settings; they belong to the object that lends them. Those of a client (ph_smtp_tls_config) may
 * be changed at any time; changes act on the next start. Those of a server (ph_server_tls_config)
 * are frozen with it by its first use: every setter returns PH_ERR_STATE from then on, and changes
 * nothing.
 *
 * The cipher suites are OpenSSL's, as the system configures it; none is added or taken away. Where
 * TLS 1.3 has OpenSSL's own three in OpenSSL's own order (AES-256, ChaCha20, AES-128), AES-128 is
 * offered before AES-256 if the processor computes AES, and ChaCha20 before both if not, since most
 * servers take the first that they know. Any other list or order that Ciphersuites in OpenSSL's
 * configuration names is kept, and so is that of a context (ph_tls_config_set_ssl_ctx), OpenSSL's
 * own order included. TLS 1.2 is left as it is. ph_tls_info tells what was agreed on.
 */
typedef struct ph_tls_config ph_tls_config;

/**
 * Whether the server's certificate must be valid and name the server; true by default.
 * Without it anyone on the way can read and change everything.
 * @return PH_OK, PH_ERR_STATE (frozen: never for a client's settings)
 */
PH_API int ph_tls_config_set_verify(ph_tls_config *config, bool verify);
PH_API bool ph_tls_config_verify(const ph_tls_config *config);

/**
 * The name that SNI announces and the certificate must have, in place of the server's address;
 * NULL for the address. An IP address is checked as one. Copied.
 * @return PH_OK, PH_ERR_ARGUMENT (empty, too long or with control bytes), PH_ERR_STATE (frozen),
 *         PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_tls_config_set_hostname(ph_tls_config *config, const char *hostname);
PH_API const char *ph_tls_config_hostname(const ph_tls_config *config);

/**
 * A PEM file, or a directory of hashed PEM files, of trust anchors that replace the system's;
 * NULL for none. Both may be set. Read when a session starts: a file that cannot be read is
 * PH_ERR_CONFIGURATION then.
 * @return PH_OK, PH_ERR_STATE (frozen), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_tls_config_set_ca_file(ph_tls_config *config, const char *path);
PH_API PH_MUST_CHECK int ph_tls_config_set_ca_directory(ph_tls_config *config, const char *path);

/**
 * The client's certificate (PEM, with its chain) and private key (PEM; NULL if it is in the same
 * file); both NULL for none. Read when a session starts.
 * @return PH_OK, PH_ERR_STATE (frozen), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_tls_config_set_certificate(ph_tls_config *config,
                                                       const char *certificate_path,
                                                       const char *key_path);

/**
 * The oldest version to accept. Below 1.2 OpenSSL's security level is lowered to 0 as well, since
 * it refuses those versions otherwise.
 * @return PH_OK, PH_ERR_ARGUMENT (another number), PH_ERR_STATE (frozen)
 */
PH_API PH_MUST_CHECK int ph_tls_config_set_min_version(ph_tls_config *config,
                                                       ph_tls_version version);

/**
 * Whether the kernel may encrypt what is sent, in place of OpenSSL; true by default. It does where
 * it can: on Linux 5.5 or later with its module tls loaded ("modprobe tls"; the library loads
 * nothing), over TCP, with an OpenSSL that was built for it, and a cipher that both have. Content
 * then leaves from where it is, and a regular file whose line ends the caller vouches for is not
 * read by the program (ph_message_set_line_ends). Where it cannot, OpenSSL encrypts as ever. What
 * is received, OpenSSL always decrypts. ph_tls_info tells who encrypts.
 *
 * False is for a kernel that encrypts without the processor's help (/proc/crypto has no other
 * driver for gcm(aes) than the generic one), which costs several times what OpenSSL costs; and for
 * a server that asks for new keys in the middle of a connection (RFC 8446 section 4.6.3), which
 * mail servers do not: OpenSSL cannot give them to the kernel, and the next write is PH_ERR_TLS.
 *
 * @return PH_OK, PH_ERR_STATE (frozen: never for a client's settings)
 */
PH_API int ph_tls_config_set_kernel_tls(ph_tls_config *config, bool kernel_tls);
PH_API bool ph_tls_config_kernel_tls(const ph_tls_config *config);

/** One certificate of the server's chain. Text is UTF-8; control bytes are escaped. */
typedef struct ph_certificate {
    const char *subject; /**< "CN=mx.example.org" (RFC 2253 form) */
    const char *issuer;
    const char *names;  /**< DNS names and IP addresses, ", " between; "" if it has none */
    int64_t not_before; /**< seconds since 1970-01-01 UTC */
    int64_t not_after;
    const char *sha256; /**< fingerprint, 64 hexadecimal digits */
} ph_certificate;

/** What a handshake agreed on. Made by the library; valid until the next start.
 */
typedef struct ph_tls_info {
    const char *version;         /**< "TLSv1.3" */
    const char *cipher;          /**< "TLS_AES_128_GCM_SHA256" */
    const char *hostname;        /**< the name that was announced and checked */
    bool verified;               /**< chain and name were checked and are good */
    const char *verify_error;    /**< why they are not; NULL if they are */
    const ph_certificate *chain; /**< as the server sent it, its own certificate first */
    size_t chain_length;
    bool resumed;   /**< with a session from before: nobody's certificate was sent again */
    bool by_kernel; /**< the kernel encrypts what is sent (ph_tls_config_set_kernel_tls) */
} ph_tls_info;

PH_END_DECLS

#endif
