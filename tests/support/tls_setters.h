/* SPDX-License-Identifier: MIT */
/* Every setter of a ph_tls_config, called with other than its default. */
#ifndef TESTS_SUPPORT_TLS_SETTERS_H
#define TESTS_SUPPORT_TLS_SETTERS_H

#include "unit/base/test.h"

#include <posthaste/openssl.h>

/** Fails the test if one of them does not return @p status. */
static inline void all_tls_setters_return(ph_tls_config *config, int status)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    assert_int_equal(ph_tls_config_set_verify(config, false), status);
    assert_int_equal(ph_tls_config_set_hostname(config, "other.example"), status);
    assert_int_equal(ph_tls_config_set_ca_file(config, "/nonexistent.pem"), status);
    assert_int_equal(ph_tls_config_set_ca_directory(config, "/nonexistent"), status);
    assert_int_equal(ph_tls_config_set_certificate(config, "/nonexistent.pem", NULL), status);
    assert_int_equal(ph_tls_config_set_min_version(config, PH_TLS_1_3), status);
    assert_int_equal(ph_tls_config_set_kernel_tls(config, false), status);
    assert_int_equal(ph_tls_config_set_ssl_ctx(config, ctx), status);
    SSL_CTX_free(ctx);
}

#endif
