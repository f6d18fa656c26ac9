/* SPDX-License-Identifier: MIT */
#include "transport/tls_suites.h"

#include <stdio.h>
#include <string.h>

#include <posthaste/openssl.h>

#include "base/allocator.h"
#include "transport/tls_config.h"
#include "unit/base/test.h"
#include "unit/transport/tls_pair.h"

enum {
    text_max = 4096
};

/* The names of a version's ciphers in their order, a colon behind each. */
static void names_of(SSL_CTX *ctx, bool of_tls13, char *text)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    *text = '\0';
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        if ((strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") == 0) != of_tls13)
            continue;
        assert_true(strlen(text) + strlen(SSL_CIPHER_standard_name(cipher)) + 2 < text_max);
        strcat(text, SSL_CIPHER_standard_name(cipher));
        strcat(text, ":");
    }
}

static void check(const char *configured, enum ph__aes aes, const char *expected)
{
    char before[text_max];
    char after[text_max];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_set_ciphersuites(ctx, configured), 1);
    names_of(ctx, false, before);
    assert_true(ph__tls_order_suites(ctx, aes));
    names_of(ctx, true, after);
    assert_string_equal(after, expected);
    names_of(ctx, false, after);
    assert_string_equal(after, before);
    SSL_CTX_free(ctx);
}

static void suites__are_offered_in_the_order_of_their_speed(void **state)
{
    (void)state;
    const char *built_in = OSSL_default_ciphersuites();
    check(built_in, PH__AES_BY_PROCESSOR,
          "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:");
    check(built_in, PH__AES_BY_SOFTWARE,
          "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:");
    check(built_in, PH__AES_UNKNOWN,
          "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:");
}

static void suites__stay_as_they_were_chosen(void **state)
{
    (void)state;
    static const char *const chosen[] = {
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
        ("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
         "TLS_AES_128_CCM_SHA256"),
    };
    for (size_t i = 0; i < ROWS(chosen); i++) {
        char expected[text_max];
        assert_true((size_t)snprintf(expected, sizeof expected, "%s:", chosen[i]) <
                    sizeof expected);
        check(chosen[i], PH__AES_BY_PROCESSOR, expected);
        check(chosen[i], PH__AES_BY_SOFTWARE, expected);
    }
    check("", PH__AES_BY_PROCESSOR, "");
}

/* The server has OpenSSL's own order, and takes the client's. */
static void suite__is_the_fastest_that_the_server_knows(void **state)
{
    (void)state;
    static const char *const fastest[] = {
        [PH__AES_UNKNOWN] = "TLS_AES_256_GCM_SHA384",
        [PH__AES_BY_PROCESSOR] = "TLS_AES_128_GCM_SHA256",
        [PH__AES_BY_SOFTWARE] = "TLS_CHACHA20_POLY1305_SHA256",
    };
    struct tls_pair f;
    tls_pair_begin_shaken(&f, TLS1_3_VERSION);
    assert_string_equal(SSL_get_cipher_name(f.server), fastest[ph__aes_is_computed()]);
    tls_pair_end(&f);

    tls_pair_open(&f, TLS1_3_VERSION);
    assert_int_equal(SSL_set_ciphersuites(f.server, "TLS_AES_256_GCM_SHA384"), 1);
    tls_pair_join(&f);
    assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
    assert_string_equal(SSL_get_cipher_name(f.server), "TLS_AES_256_GCM_SHA384");
    tls_pair_end(&f);
}

static void suites__of_a_callers_context_stay(void **state)
{
    (void)state;
    static const char built_in[] =
        "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:";
    char names[text_max];
    struct ph__error error;
    SSL_CTX *used = NULL;
    SSL_CTX *callers = SSL_CTX_new(TLS_client_method());
    assert_non_null(callers);
    assert_int_equal(SSL_CTX_set_ciphersuites(callers, OSSL_default_ciphersuites()), 1);
    ph_tls_config *config = ph__tls_config_new(ph__allocator_or_default(NULL));
    assert_non_null(config);
    ph__error_init(&error, ph__allocator_or_default(NULL));
    assert_int_equal(ph_tls_config_set_ssl_ctx(config, callers), PH_OK);
    assert_int_equal(ph__tls_config_context(config, &used, &error), PH_OK);
    names_of(used, true, names);
    assert_string_equal(names, built_in);
    SSL_CTX_free(used);
    SSL_CTX_free(callers);
    ph__error_release(&error);
    ph__tls_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suites__are_offered_in_the_order_of_their_speed),
        cmocka_unit_test(suites__stay_as_they_were_chosen),
        cmocka_unit_test(suite__is_the_fastest_that_the_server_knows),
        cmocka_unit_test(suites__of_a_callers_context_stay),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
