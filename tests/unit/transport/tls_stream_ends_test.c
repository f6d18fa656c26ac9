/* SPDX-License-Identifier: MIT */
/* How a stream of TLS ends, and what is no end; where the kernel encrypts, kernel_tls_ends_test.c.
 */
#include "transport/tls_stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "unit/base/test.h"
#include "unit/transport/tls_pair.h"

static void read__after_close_notify_is_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        char got[64];
        size_t n;
        tls_pair_begin_shaken(&f, tls_pair_versions[i]);
        tls_pair_server_says(&f, "221");
        (void)SSL_shutdown(f.server);
        tls_pair_close_server(&f);
        assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_DONE);
        assert_int_equal(n, 3);
        assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_END);
        assert_false(ph__error_is_set(&f.error));
        tls_pair_end(&f);
    }
}

/* Whoever cuts the connection must not make it look complete. */
static void read__of_a_truncated_stream_is_no_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        char got[64];
        size_t n;
        tls_pair_begin_shaken(&f, tls_pair_versions[i]);
        tls_pair_server_says(&f, "250 ok");
        tls_pair_close_server(&f);
        assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_DONE);
        assert_int_equal(n, 6);
        assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_FAILED);
        assert_int_equal(f.error.view->status, PH_ERR_CLOSED);
        assert_string_equal(f.error.view->message,
                            "the connection was closed without an end of TLS");
        tls_pair_end(&f);
    }
}

static void read__of_a_record_cut_short_is_no_end(void **state)
{
    (void)state;
    struct tls_pair f;
    char got[64];
    size_t n;
    tls_pair_begin_shaken(&f, TLS1_3_VERSION);
    assert_int_equal(write(f.fd, "\x17\x03\x03\x00\x20 cut", 9), 9);
    tls_pair_close_server(&f);
    assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_FAILED);
    assert_int_equal(f.error.view->status, PH_ERR_CLOSED);
    tls_pair_end(&f);
}

static void read__of_what_is_not_encrypted_fails(void **state)
{
    (void)state;
    struct tls_pair f;
    char got[64];
    size_t n;
    tls_pair_begin_shaken(&f, TLS1_3_VERSION);
    assert_int_equal(write(f.fd, "250 plain text\r\n", 16), 16);
    assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_FAILED);
    assert_int_equal(f.error.view->status, PH_ERR_TLS);
    assert_non_null(strstr(f.error.view->message, "TLS failed: "));
    tls_pair_end(&f);
}

static void write__to_one_who_has_closed_says_what_the_socket_says(void **state)
{
    (void)state;
    struct tls_pair f;
    const struct ph__slice slice = {.bytes = (const uint8_t *)"QUIT\r\n", .length = 6};
    size_t n;
    tls_pair_begin_shaken(&f, TLS1_3_VERSION);
    tls_pair_close_server(&f);
    assert_int_equal(tls_pair_write(&f, &slice, 1, &n), PH__IO_FAILED);
    assert_int_equal(f.error.view->status, PH_ERR_IO);
    assert_int_equal(f.error.view->system_errno, EPIPE);
    tls_pair_end(&f);
}

static void close__says_goodbye(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        char got[8];
        tls_pair_begin_shaken(&f, tls_pair_versions[i]);
        f.stream->functions->close(f.stream);
        f.stream = NULL;
        assert_int_equal(SSL_read(f.server, got, sizeof got), 0);
        assert_int_equal(SSL_get_error(f.server, 0), SSL_ERROR_ZERO_RETURN);
        tls_pair_end(&f);
    }
}

static void close__before_the_handshake_says_nothing(void **state)
{
    (void)state;
    struct tls_pair f;
    char got[8];
    tls_pair_begin(&f, TLS1_3_VERSION);
    f.stream->functions->close(f.stream);
    f.stream = NULL;
    assert_int_equal(read(f.fd, got, sizeof got), 0);
    tls_pair_end(&f);
}

/* Errors that a program left in the thread's queue are not this stream's. */
static void read__does_not_mind_errors_of_others(void **state)
{
    (void)state;
    struct tls_pair f;
    char got[8];
    size_t n;
    tls_pair_begin_shaken(&f, TLS1_3_VERSION);
    assert_null(BIO_new_file("/nonexistent", "r"));
    assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_WANT_READ);
    assert_null(BIO_new_file("/nonexistent", "r"));
    tls_pair_server_says(&f, "250");
    assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_DONE);
    tls_pair_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__after_close_notify_is_the_end),
        cmocka_unit_test(read__of_a_truncated_stream_is_no_end),
        cmocka_unit_test(read__of_a_record_cut_short_is_no_end),
        cmocka_unit_test(read__of_what_is_not_encrypted_fails),
        cmocka_unit_test(write__to_one_who_has_closed_says_what_the_socket_says),
        cmocka_unit_test(close__says_goodbye),
        cmocka_unit_test(close__before_the_handshake_says_nothing),
        cmocka_unit_test(read__does_not_mind_errors_of_others),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
