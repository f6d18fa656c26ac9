/* SPDX-License-Identifier: MIT */
/* What certificates are refused for, tests/tls says; what the kernel does, kernel_tls_test.c. */
#include "transport/tls_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "transport/socket_stream.h"
#include "transport/tls_config.h"
#include "transport/tls_info.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/transport/tls_pair.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* ---- Bytes ----------------------------------------------------------------------------------- */

static void bytes__arrive_as_they_were_sent_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct tls_pair f;
        tls_pair_begin_shaken(&f, versions[i]);
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
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct tls_pair f;
        SSL_CTX *ctx;
        tls_pair_open(&f, versions[i]);
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
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct tls_pair f;
        char got[64];
        size_t n;
        tls_pair_begin_shaken(&f, versions[i]);
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

/* ---- Ends ------------------------------------------------------------------------------------ */

static void read__after_close_notify_is_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct tls_pair f;
        char got[64];
        size_t n;
        tls_pair_begin_shaken(&f, versions[i]);
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
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct tls_pair f;
        char got[64];
        size_t n;
        tls_pair_begin_shaken(&f, versions[i]);
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
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct tls_pair f;
        char got[8];
        tls_pair_begin_shaken(&f, versions[i]);
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

/* ---- Making ---------------------------------------------------------------------------------- */

static void info__is_what_the_handshake_agreed_on(void **state)
{
    (void)state;
    static const char *const names[] = {"TLSv1.2", "TLSv1.3"};
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct tls_pair f;
        ph_tls_info *info;
        tls_pair_begin_shaken(&f, versions[i]);
        assert_int_equal(ph__tls_stream_info(f.stream, &info), PH_OK);
        assert_string_equal(info->version, names[i]);
        assert_string_equal(info->cipher, SSL_get_cipher_name(f.server));
        assert_string_equal(info->hostname, "localhost");
        assert_true(info->verified);
        assert_null(info->verify_error);
        assert_int_equal(info->chain_length, 1);
        assert_string_equal(info->chain[0].subject, "CN=made");
        assert_string_equal(info->chain[0].names, "localhost, fe80::1");
        assert_int_equal(info->chain[0].not_before, 1577836800);
        assert_int_equal(info->chain[0].not_after, 3786912000);
        ph__tls_info_free(&f.test.allocator, info);
        tls_pair_end(&f);
    }
}

struct host {
    const char *host;
    const char *hostname; /* that is checked */
    const char *sni;      /* that the server hears; NULL: none */
};

static void check_host(const struct host *host)
{
    struct tls_pair f;
    struct ph__stream *stream;
    ph_tls_info *info;
    tls_pair_begin(&f, TLS1_3_VERSION);
    /* Another stream over the same socket, for another name. */
    const int fd = dup(f.stream->fd);
    struct ph__stream *plain;
    f.stream->functions->close(f.stream);
    assert_int_equal(ph__socket_stream_new(&f.test.allocator, fd, &plain), PH_OK);
    const int status =
        ph__tls_stream_new(&f.test.allocator, plain, f.config, host->host, &stream, &f.error);
    if (status != PH_OK)
        fail_msg("%s: %s", host->host, f.error.view->message);
    f.stream = stream;
    if (tls_pair_shake(&f) != PH__IO_DONE)
        fail_msg("%s: %s", host->host, f.error.view->message);
    const char *sni = SSL_get_servername(f.server, TLSEXT_NAMETYPE_host_name);
    CHECK((sni != NULL) == (host->sni != NULL), host->host);
    CHECK(!sni || strcmp(sni, host->sni) == 0, host->host);
    assert_int_equal(ph__tls_stream_info(f.stream, &info), PH_OK);
    CHECK(strcmp(info->hostname, host->hostname) == 0, host->host);
    ph__tls_info_free(&f.test.allocator, info);
    tls_pair_end(&f);
}

static void hostname__is_announced_and_checked_in_the_form_of_certificates(void **state)
{
    (void)state;
    static const struct host hosts[] = {
        {"localhost", "localhost", "localhost"},
        {"LOCALHOST", "LOCALHOST", "LOCALHOST"},
        {"localhost.", "localhost", "localhost"},
        {"fe80::1", "fe80::1", NULL}, /* RFC 6066 section 3: no addresses */
        {"[fe80::1]", "fe80::1", NULL},
        {"fe80::1%lo", "fe80::1", NULL}, /* a zone is this machine's affair */
    };
    for (size_t i = 0; i < ROWS(hosts); i++)
        check_host(&hosts[i]);
}

/* @return the status of a stream that cannot be made; the stream below stays the caller's */
static int fail_to_make(const char *host, const char *ca, struct tls_pair *f)
{
    int fds[2];
    struct ph__stream *plain;
    struct ph__stream *stream;
    test_allocator_init(&f->test);
    ph__error_init(&f->error, &f->test.allocator);
    f->config = ph__tls_config_new(&f->test.allocator);
    assert_int_equal(ph_tls_config_set_ca_file(f->config, ca), PH_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(ph__socket_stream_new(&f->test.allocator, fds[0], &plain), PH_OK);
    const int status =
        ph__tls_stream_new(&f->test.allocator, plain, f->config, host, &stream, &f->error);
    assert_null(stream);
    plain->functions->close(plain);
    (void)close(fds[1]);
    ph__tls_config_free(f->config);
    assert_int_equal(f->test.live_blocks, 1); /* the error's texts */
    return status;
}

static void new__refuses_what_cannot_work(void **state)
{
    (void)state;
    struct tls_pair f;
    assert_int_equal(fail_to_make("[mx]", tls_pair_anchor(), &f), PH_ERR_ARGUMENT);
    assert_non_null(strstr(f.error.view->message, "\"[mx]\" is no host name"));
    ph__error_release(&f.error);
    assert_int_equal(fail_to_make("mx", "/nonexistent", &f), PH_ERR_CONFIGURATION);
    assert_non_null(strstr(f.error.view->message, "CA file /nonexistent"));
    ph__error_release(&f.error);
}

/* Makes a stream, shakes hands and asks for what was agreed on, in memory that fails once. */
static int try_all(struct test_allocator *test, struct ph__error *error)
{
    struct tls_pair f = {.test = {.fail_at = -1}};
    int fds[2];
    struct ph__stream *plain;
    ph_tls_info *info = NULL;
    f.config = tls_pair_new_config(&test->allocator);
    if (!f.config)
        return PH_ERR_NO_MEMORY;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(ph__socket_prepare(fds[0]), PH_OK);
    assert_int_equal(ph__socket_prepare(fds[1]), PH_OK);
    int status = ph__socket_stream_new(&test->allocator, fds[0], &plain);
    if (status != PH_OK) {
        (void)close(fds[0]);
    } else {
        status =
            ph__tls_stream_new(&test->allocator, plain, f.config, "localhost", &f.stream, error);
        if (status != PH_OK)
            plain->functions->close(plain);
    }
    if (status == PH_OK) {
        f.ctx = tls_pair_new_server_context(TLS1_3_VERSION);
        f.server = SSL_new(f.ctx);
        assert_int_equal(SSL_set_fd(f.server, fds[1]), 1);
        SSL_set_accept_state(f.server);
        assert_int_equal(tls_pair_shake(&f), PH__IO_DONE);
        status = ph__tls_stream_info(f.stream, &info);
        ph__tls_info_free(&test->allocator, info);
        f.stream->functions->close(f.stream);
        SSL_free(f.server);
        SSL_CTX_free(f.ctx);
    }
    (void)close(fds[1]);
    ph__tls_config_free(f.config);
    return status;
}

static void memory__each_allocation_may_fail(void **state)
{
    (void)state;
    bool has_failed = true;
    int at = 0;
    for (; has_failed; at++) {
        struct test_allocator test;
        struct ph__error error;
        test_allocator_init_failing(&test, at);
        ph__error_init(&error, &test.allocator);
        const int status = try_all(&test, &error);
        has_failed = test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        ph__error_release(&error);
        assert_int_equal(test.live_blocks, 0);
    }
    assert_true(at > 8); /* settings, streams, name, and what was agreed on */
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
        cmocka_unit_test(read__after_close_notify_is_the_end),
        cmocka_unit_test(read__of_a_truncated_stream_is_no_end),
        cmocka_unit_test(read__of_a_record_cut_short_is_no_end),
        cmocka_unit_test(read__of_what_is_not_encrypted_fails),
        cmocka_unit_test(write__to_one_who_has_closed_says_what_the_socket_says),
        cmocka_unit_test(close__says_goodbye),
        cmocka_unit_test(close__before_the_handshake_says_nothing),
        cmocka_unit_test(read__does_not_mind_errors_of_others),
        cmocka_unit_test(info__is_what_the_handshake_agreed_on),
        cmocka_unit_test(hostname__is_announced_and_checked_in_the_form_of_certificates),
        cmocka_unit_test(new__refuses_what_cannot_work),
        cmocka_unit_test(memory__each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
