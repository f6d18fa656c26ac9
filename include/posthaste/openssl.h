/* SPDX-License-Identifier: MIT */
/*
 * The caller's own SSL_CTX. The only header that shows a type of OpenSSL; not included by
 * <posthaste/posthaste.h>.
 */
#ifndef POSTHASTE_OPENSSL_H
#define POSTHASTE_OPENSSL_H

#include <openssl/ssl.h>

#include <posthaste/api.h>
#include <posthaste/tls.h>

PH_BEGIN_DECLS

/**
 * Uses @p ctx for the next sessions: its trust anchors, certificates, versions, cipher suites
 * and verification mode are the caller's, and the files, minimum version and
 * ph_tls_config_set_verify of @p config do nothing, and SSL_OP_ENABLE_KTLS of @p ctx stands for
 * ph_tls_config_set_kernel_tls. If the mode verifies the peer, the host name is checked as always.
 *
 * @param ctx  counted up (SSL_CTX_up_ref) while it is set; NULL goes back to the settings of
 *             @p config. It is not changed.
 * @return PH_OK, PH_ERR_STATE (frozen, and @p ctx is left as it is: never for a client's settings)
 */
PH_API int ph_tls_config_set_ssl_ctx(ph_tls_config *config, SSL_CTX *ctx);

PH_END_DECLS

#endif
