/* SPDX-License-Identifier: MIT */
/* What certificates are refused for, tests/tls says; what the kernel does, kernel_tls_test.c. */
#include "transport/tls_stream.h"

#include <string.h>

#include <openssl/ssl.h>

#include "transport/socket_stream.h"
#include "transport/tls_config.h"
#include "unit/base/test.h"
#include "unit/transport/tls_pair.h"

static void bytes__arrive_as_they_were_sent_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        tls_pair_begin_shaken(&f, tls_pair_versions[i]);
        tls_pair_flow(&f);
        tls_pair_end(&f);
    }
}

/* Small slices leave in one record: a group of commands must not become as many packets. */
static void write__joins_small_slices(void **state)
{
    (void)state;
    struct tls_pair f;
    char got[64];
    size_t n;
    const struct ph__slice slices[] = {{(const uint8_t *)"MAIL\r\n", 6},
                                       {(const uint8_t *)"RCPT\r\n", 6},
                                       {(const uint8_t *)"DATA\r\n", 6}};
    tls_pair_begin_shaken(&f, TLS1_3_VERSION);
    assert_int_equal(tls_pair_write(&f, slices, 3, &n), PH__IO_DONE);
    assert_int_equal(n, 18);
    assert_int_equal(SSL_read_ex(f.server, got, sizeof got, &n), 1);
    assert_int_equal(n, 18);
    assert_memory_equal(got, "MAIL\r\nRCPT\r\nDATA\r\n", 18);
    tls_pair_end(&f);
}

/* A reply to what was not taken would answer nothing that was asked. */
static void write__counts_each_record_once_it_has_left(void **state)
{
    (void)state;
    enum {
        record = 16 * 1024
    };
    static uint8_t bytes[20 * record];
    static uint8_t got[record];
    struct tls_pair f;
    const struct ph__slice slices[] = {{bytes, 7}, {bytes + 7, sizeof bytes - 7}};
    size_t n = 0;
    size_t received = 0;
    tls_pair_begin_shaken(&f, TLS1_3_VERSION);
    while (received < record) {
        size_t now = 0;
        const enum ph__io io = tls_pair_write(&f, slices, 2, &n);
        (void)SSL_read_ex(f.server, got, record - received, &now);
        received += now;
        assert_true((io == PH__IO_DONE) == (n > 0));
        if (received == 0)
            assert_int_equal(io, PH__IO_WANT_WRITE);
        if (n > 0)
            break;
    }
    assert_int_equal(n, record); /* and not the fifteen that wait behind it */
    tls_pair_end(&f);
}

/* A socket that takes a little more than a record, and is lost then. */
static enum ph__io take_little(struct ph__stream *stream, const struct ph__slice *slices,
                               size_t count, size_t *n, struct ph__error *error)
{
    (void)stream;
    (void)count;
    if (slices[0].length < 256 * 1024)
        return ph__socket_lost(error);
    *n = 17000;
    return PH__IO_DONE;
}

/* What left before the connection was lost may have been the end of a message. */
static void write__counts_what_left_before_it_failed(void **state)
{
    (void)state;
    static uint8_t bytes[256 * 1024];
    struct tls_pair f;
    const struct ph__slice slice = {bytes, sizeof bytes};
    size_t n = 0;
    tls_pair_open(&f, TLS1_3_VERSION);
    struct ph__stream *plain = f.plain;
    const struct ph__stream_functions *functions = plain->functions;
    struct ph__stream_functions losing = *functions;
    losing.write = take_little;
    tls_pair_join(&f);
    assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
    plain->functions = &losing;
    assert_int_equal(tls_pair_write(&f, &slice, 1, &n), PH__IO_DONE);
    assert_int_equal(n, 16 * 1024);
    assert_false(ph__error_is_set(&f.error));
    const struct ph__slice rest = {bytes + n, sizeof bytes - n};
    assert_int_equal(tls_pair_write(&f, &rest, 1, &n), PH__IO_FAILED);
    assert_int_equal(f.error.view->status, PH_ERR_IO);
    plain->functions = functions;
    tls_pair_end(&f);
}

static size_t plain_room;

/* A socket that takes as much as there is said to be room for. */
static enum ph__io take_what_has_room(struct ph__stream *stream, const struct ph__slice *slices,
                                      size_t count, size_t *n, struct ph__error *error)
{
    (void)stream;
    (void)count;
    (void)error;
    *n = slices[0].length < plain_room ? slices[0].length : plain_room;
    plain_room -= *n;
    return *n > 0 ? PH__IO_DONE : PH__IO_WANT_WRITE;
}

/* What OpenSSL answers while records wait leaves behind them, and may be left alone. */
static void write__waits_until_what_stands_behind_its_records_has_left(void **state)
{
    (void)state;
    enum {
        records = 16 * (5 + 16 * 1024 + 1 + 16)
    };
    static uint8_t bytes[256 * 1024];
    struct tls_pair f;
    const struct ph__slice slice = {bytes, sizeof bytes};
    size_t n;
    tls_pair_open(&f, TLS1_3_VERSION);
    struct ph__stream *plain = f.plain;
    const struct ph__stream_functions *functions = plain->functions;
    struct ph__stream_functions narrow = *functions;
    narrow.write = take_what_has_room;
    tls_pair_use_own_context(&f, 0);
    tls_pair_join(&f);
    assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
    assert_int_equal(tls_pair_read(&f, bytes, 1, &n), PH__IO_WANT_READ); /* tickets */
    plain->functions = &narrow;
    plain_room = 0;
    assert_int_equal(tls_pair_write(&f, &slice, 1, &n), PH__IO_WANT_WRITE);
    SSL_set_verify(f.server, SSL_VERIFY_PEER, NULL);
    assert_int_equal(SSL_verify_client_post_handshake(f.server), 1);
    assert_int_equal(SSL_do_handshake(f.server), 1);
    tls_pair_wait_for_server(&f);
    assert_int_equal(tls_pair_read(&f, bytes, 1, &n), PH__IO_WANT_READ);
    plain_room = records + 1;
    assert_int_equal(tls_pair_write(&f, &slice, 1, &n), PH__IO_DONE);
    assert_int_equal(n, sizeof bytes);
    assert_int_equal(plain_room, 0); /* something stood behind them */
    assert_int_equal(tls_pair_write(&f, &slice, 1, &n), PH__IO_WANT_WRITE);
    plain_room = SIZE_MAX;
    assert_int_equal(tls_pair_write(&f, &slice, 1, &n), PH__IO_DONE);
    assert_int_equal(n, sizeof bytes);
    plain->functions = functions;
    tls_pair_end(&f);
}

static void write__fills_no_record_further_than_its_context_wants(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        SSL_CTX *ctx;
        tls_pair_open(&f, tls_pair_versions[i]);
        tls_pair_use_own_context(&f, 0);
        assert_int_equal(ph__tls_config_context(f.config, &ctx, &f.error), PH_OK);
        assert_int_equal(SSL_CTX_set_max_send_fragment(ctx, 512), 1);
        SSL_CTX_free(ctx);
        tls_pair_join(&f);
        assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
        tls_pair_flow(&f);
        tls_pair_end(&f);
    }
}

static void has_pending__tells_of_bytes_that_no_descriptor_will_announce(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        char got[64];
        size_t n;
        tls_pair_begin_shaken(&f, tls_pair_versions[i]);
        assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_WANT_READ);
        assert_false(f.stream->functions->has_pending(f.stream));
        tls_pair_server_says(&f, "220 mx.example.net");
        assert_int_equal(tls_pair_read(&f, got, 4, &n), PH__IO_DONE);
        assert_true(f.stream->functions->has_pending(f.stream));
        assert_int_equal(tls_pair_read(&f, got + 4, sizeof got - 4, &n), PH__IO_DONE);
        assert_memory_equal(got, "220 mx.example.net", 18);
        assert_false(f.stream->functions->has_pending(f.stream));
        tls_pair_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes__arrive_as_they_were_sent_both_ways),
        cmocka_unit_test(write__joins_small_slices),
        cmocka_unit_test(write__counts_each_record_once_it_has_left),
        cmocka_unit_test(write__counts_what_left_before_it_failed),
        cmocka_unit_test(write__waits_until_what_stands_behind_its_records_has_left),
        cmocka_unit_test(write__fills_no_record_further_than_its_context_wants),
        cmocka_unit_test(has_pending__tells_of_bytes_that_no_descriptor_will_announce),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
