/* SPDX-License-Identifier: MIT */
/*
 * Who encrypts what is sent over TCP: the kernel where it can, OpenSSL elsewhere, and nobody above
 * sees a difference. tests/ktls runs this on a kernel that can, with POSTHASTE_KERNEL_TLS=required.
 */
#include "transport/kernel_tls.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/transport/tls_pair.h"

/* ---- Who ------------------------------------------------------------------------------------- */

static void kernel__is_there_where_it_must_be(void **state)
{
    (void)state;
    const char *word = getenv("POSTHASTE_KERNEL_TLS");
    if (word && strcmp(word, "required") == 0)
        assert_true(ph__kernel_tls_is_there());
}

static void kernel__encrypts_over_tcp_where_it_can(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        tls_pair_begin_tcp(&f, tls_pair_versions[i]);
        assert_true(tls_pair_is_by_kernel(&f) == ph__kernel_tls_is_there());
        tls_pair_end(&f);
    }
}

static void kernel__encrypts_with_each_cipher_that_both_have(void **state)
{
    (void)state;
    static const char *const ciphers[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                          "TLS_CHACHA20_POLY1305_SHA256"};
    for (size_t i = 0; i < ROWS(ciphers); i++) {
        struct tls_pair f;
        tls_pair_open_tcp(&f, TLS1_3_VERSION);
        assert_int_equal(SSL_set_ciphersuites(f.server, ciphers[i]), 1);
        tls_pair_join(&f);
        assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
        assert_true(tls_pair_is_by_kernel(&f) == ph__kernel_tls_is_there());
        tls_pair_flow(&f);
        tls_pair_end(&f);
    }
}

/* CBC is OpenSSL's affair; so is what came with it in the handshake. */
static void kernel__leaves_other_ciphers_to_openssl(void **state)
{
    (void)state;
    struct tls_pair f;
    tls_pair_open_tcp(&f, TLS1_2_VERSION);
    assert_int_equal(SSL_set_cipher_list(f.server, "ECDHE-RSA-AES128-SHA256:"
                                                   "ECDHE-ECDSA-AES128-SHA256"),
                     1);
    tls_pair_join(&f);
    if (tls_pair_shake(&f) != PH__IO_DONE)
        fail_msg("%s", f.error.view->message);
    assert_false(tls_pair_is_by_kernel(&f));
    tls_pair_flow(&f);
    tls_pair_end(&f);
}

static void kernel__does_not_encrypt_when_it_is_switched_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        tls_pair_open_tcp(&f, tls_pair_versions[i]);
        assert_true(ph_tls_config_kernel_tls(f.config));
        ph_tls_config_set_kernel_tls(f.config, false);
        assert_false(ph_tls_config_kernel_tls(f.config));
        tls_pair_join(&f);
        assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
        assert_false(tls_pair_is_by_kernel(&f));
        tls_pair_end(&f);
    }
}

/* What the system's configuration of OpenSSL says is said for programs that know of it. */
static bool context_asks_kernel(ph_tls_config *config)
{
    struct ph__error error;
    SSL_CTX *ctx;
    ph__error_init(&error, NULL);
    assert_int_equal(ph__tls_config_context(config, &ctx, &error), PH_OK);
    const bool asks = (SSL_CTX_get_options(ctx) & SSL_OP_ENABLE_KTLS) != 0;
    SSL_CTX_free(ctx);
    return asks;
}

static void context__asks_the_kernel_only_where_it_is_there(void **state)
{
    (void)state;
    struct tls_pair f;
    tls_pair_open_tcp(&f, TLS1_3_VERSION);
    assert_true(context_asks_kernel(f.config) == ph__kernel_tls_is_there());
    ph_tls_config_set_kernel_tls(f.config, false);
    assert_false(context_asks_kernel(f.config));
    ph_tls_config_set_kernel_tls(f.config, true);
    assert_true(context_asks_kernel(f.config) == ph__kernel_tls_is_there());
    tls_pair_join(&f);
    tls_pair_end(&f);
}

/* Where the kernel has no TLS it is asked in vain here, and the session goes on. */
static void callers_context__decides_itself(void **state)
{
    (void)state;
    static const uint64_t options[] = {0, SSL_OP_ENABLE_KTLS};
    for (size_t i = 0; i < 2 * ROWS(options); i++) {
        struct tls_pair f;
        const uint64_t option = options[i % 2];
        tls_pair_open_tcp(&f, tls_pair_versions[i / 2]);
        tls_pair_use_own_context(&f, option);
        tls_pair_join(&f);
        if (tls_pair_shake(&f) != PH__IO_DONE)
            fail_msg("%s", f.error.view->message);
        assert_true(tls_pair_is_by_kernel(&f) == (option != 0 && ph__kernel_tls_is_there()));
        tls_pair_flow(&f);
        tls_pair_end(&f);
    }
}

static void kernel__is_asked_in_vain_over_what_is_no_tcp(void **state)
{
    (void)state;
    struct tls_pair f;
    tls_pair_open(&f, TLS1_3_VERSION);
    tls_pair_use_own_context(&f, SSL_OP_ENABLE_KTLS);
    tls_pair_join(&f);
    assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
    assert_false(tls_pair_is_by_kernel(&f));
    tls_pair_flow(&f);
    tls_pair_end(&f);
}

/* ---- What ------------------------------------------------------------------------------------ */

static void bytes__arrive_as_they_were_sent_over_tcp(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        tls_pair_begin_tcp(&f, tls_pair_versions[i]);
        tls_pair_flow(&f);
        tls_pair_end(&f);
    }
}

/* Sends a file in pieces that end anywhere, with words between them. */
static void file__arrives_between_what_is_written(void **state)
{
    (void)state;
    enum {
        size = 300000
    };
    static char content[size], got[size + 12];
    char path[] = "/tmp/posthaste-test-XXXXXX";
    const int file = mkstemp(path);
    for (size_t i = 0; i < size; i++)
        content[i] = (char)(i * 7 + i / 251);
    assert_int_equal(write(file, content, size), size);
    assert_int_equal(unlink(path), 0);
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        const struct ph__slice before = {(const uint8_t *)"BDAT 300000\r\n", 6};
        const struct ph__slice after = {(const uint8_t *)"QUIT\r\n", 6};
        struct tls_pair f;
        size_t n, sent = 0, had = 6;
        tls_pair_begin_tcp(&f, tls_pair_versions[i]);
        if (!tls_pair_is_by_kernel(&f)) {
            tls_pair_end(&f);
            continue;
        }
        assert_int_equal(lseek(file, 0, SEEK_SET), 0);
        assert_int_equal(tls_pair_write(&f, &before, 1, &n), PH__IO_DONE);
        assert_int_equal(tls_pair_server_reads(&f, got, 6), 6);
        while (sent < size) {
            const size_t piece = size - sent < 77777 ? size - sent : 77777;
            const enum ph__io io =
                f.stream->functions->send_file(f.stream, file, piece, &n, &f.error);
            assert_true(io == PH__IO_DONE || io == PH__IO_WANT_WRITE);
            sent += io == PH__IO_DONE ? n : 0;
            size_t came = 0;
            (void)SSL_read_ex(f.server, got + had, sizeof got - had, &came);
            had += came;
        }
        assert_int_equal(f.stream->functions->send_file(f.stream, file, 1, &n, &f.error),
                         PH__IO_END);
        assert_int_equal(tls_pair_write(&f, &after, 1, &n), PH__IO_DONE);
        had += tls_pair_server_reads(&f, got + had, sizeof got - had);
        assert_int_equal(had, sizeof got);
        assert_memory_equal(got, "BDAT 3", 6);
        assert_memory_equal(got + 6, content, size);
        assert_memory_equal(got + 6 + size, "QUIT\r\n", 6);
        tls_pair_end(&f);
    }
    (void)close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel__is_there_where_it_must_be),
        cmocka_unit_test(kernel__encrypts_over_tcp_where_it_can),
        cmocka_unit_test(kernel__encrypts_with_each_cipher_that_both_have),
        cmocka_unit_test(kernel__leaves_other_ciphers_to_openssl),
        cmocka_unit_test(kernel__does_not_encrypt_when_it_is_switched_off),
        cmocka_unit_test(context__asks_the_kernel_only_where_it_is_there),
        cmocka_unit_test(callers_context__decides_itself),
        cmocka_unit_test(kernel__is_asked_in_vain_over_what_is_no_tcp),
        cmocka_unit_test(bytes__arrive_as_they_were_sent_over_tcp),
        cmocka_unit_test(file__arrives_between_what_is_written),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
