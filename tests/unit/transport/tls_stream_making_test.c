/* SPDX-License-Identifier: MIT */
/* Making a stream of TLS: its name, what was agreed on, and what keeps it from being made. */
#include "transport/tls_stream.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "transport/socket_stream.h"
#include "transport/tls_config.h"
#include "transport/tls_info.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/transport/tls_pair.h"

static void info__is_what_the_handshake_agreed_on(void **state)
{
    (void)state;
    static const char *const names[] = {"TLSv1.2", "TLSv1.3"};
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        ph_tls_info *info;
        tls_pair_begin_shaken(&f, tls_pair_versions[i]);
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
        cmocka_unit_test(info__is_what_the_handshake_agreed_on),
        cmocka_unit_test(hostname__is_announced_and_checked_in_the_form_of_certificates),
        cmocka_unit_test(new__refuses_what_cannot_work),
        cmocka_unit_test(memory__each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
