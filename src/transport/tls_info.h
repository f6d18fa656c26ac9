/* SPDX-License-Identifier: MIT */
/* What a handshake agreed on: the object behind ph_tls_info. */
#ifndef PH_TRANSPORT_TLS_INFO_H
#define PH_TRANSPORT_TLS_INFO_H

#include <openssl/ssl.h>

#include <posthaste/allocator.h>
#include <posthaste/tls.h>

/** @return what @p ssl agreed on after its handshake, or NULL without memory */
ph_tls_info *ph__tls_info_new(const ph_allocator *allocator, SSL *ssl, const char *hostname);

/** NULL is allowed. */
void ph__tls_info_free(const ph_allocator *allocator, ph_tls_info *info);

#endif
