/* SPDX-License-Identifier: MIT */
/* The settings behind ph_tls_config, and the SSL_CTX that is made of them. */
#ifndef PH_TRANSPORT_TLS_CONFIG_H
#define PH_TRANSPORT_TLS_CONFIG_H

#include <openssl/ssl.h>

#include <posthaste/tls.h>

#include "base/error.h"
#include "transport/tls_sessions.h"

/** @return the default settings, or NULL */
ph_tls_config *ph__tls_config_new(const ph_allocator *allocator);
void ph__tls_config_free(ph_tls_config *config);

/** From now on every setter is PH_ERR_STATE. */
void ph__tls_config_freeze(ph_tls_config *config);

/**
 * Gives the context that the settings describe, made once and again after a change.
 * @param out  receives a reference of the caller's (SSL_CTX_free)
 * @return PH_OK, PH_ERR_CONFIGURATION (a file cannot be used: which, and why), PH_ERR_NO_MEMORY
 */
int ph__tls_config_context(ph_tls_config *config, SSL_CTX **out, struct ph__error *error);

/** @return the context is the caller's own, and decides on verification itself */
bool ph__tls_config_is_callers(const ph_tls_config *config);

/** @return the sessions made under these settings; NULL if the context is the caller's own, who
 * decides on them, too */
struct ph__tls_sessions *ph__tls_config_sessions(ph_tls_config *config);

/** @return the oldest version, as it is written: "TLS 1.2" */
const char *ph__tls_config_min_version_name(const ph_tls_config *config);

#endif
