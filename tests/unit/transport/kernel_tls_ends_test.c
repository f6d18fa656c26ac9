/* SPDX-License-Identifier: MIT */
/*
 * What TLS itself says, and what is heard of it, where the kernel encrypts and where OpenSSL does:
 * new keys, answers, alerts, ends, and no signal. As kernel_tls_test.c, tests/ktls runs it, too.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "unit/transport/tls_pair.h"

/* ---- What TLS itself says -------------------------------------------------------------------- */

static const struct ph__slice command = {(const uint8_t *)"NOOP\r\n", 6};

static void expect_command_arrives(struct tls_pair *f)
{
    char got[6];
    size_t n;
    assert_int_equal(tls_pair_write(f, &command, 1, &n), PH__IO_DONE);
    assert_int_equal(tls_pair_server_reads(f, got, sizeof got), sizeof got);
    assert_memory_equal(got, command.bytes, sizeof got);
}

/* RFC 8446 section 4.6.3: OpenSSL answers with new keys of its own; the kernel cannot. */
static void new_keys__that_the_server_asks_for(void **state)
{
    (void)state;
    char got[6];
    struct tls_pair f;
    size_t n;
    tls_pair_begin_tcp(&f, TLS1_3_VERSION);
    assert_int_equal(SSL_key_update(f.server, SSL_KEY_UPDATE_REQUESTED), 1);
    tls_pair_server_says(&f, "220 mx");
    tls_pair_wait_for_server(&f);
    while (tls_pair_read(&f, got, sizeof got, &n) != PH__IO_DONE)
        tls_pair_wait_for_server(&f);
    assert_memory_equal(got, "220 mx", 6);
    if (tls_pair_is_by_kernel(&f)) {
        assert_int_equal(tls_pair_write(&f, &command, 1, &n), PH__IO_FAILED);
        assert_int_equal(f.error.view->status, PH_ERR_TLS);
        assert_string_equal(f.error.view->message,
                            "the server asks for new keys, which cannot be given to the kernel; "
                            "switch kernel TLS off for it");
    } else {
        expect_command_arrives(&f);
    }
    tls_pair_end(&f);
}

/* New keys of the server alone are no trouble: OpenSSL reads. */
static void new_keys__of_the_server(void **state)
{
    (void)state;
    char got[6];
    struct tls_pair f;
    size_t n;
    tls_pair_begin_tcp(&f, TLS1_3_VERSION);
    assert_int_equal(SSL_key_update(f.server, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    tls_pair_server_says(&f, "220 mx");
    while (tls_pair_read(&f, got, sizeof got, &n) != PH__IO_DONE)
        tls_pair_wait_for_server(&f);
    expect_command_arrives(&f);
    tls_pair_end(&f);
}

static void close__says_goodbye_over_tcp(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct tls_pair f;
        char got[8];
        tls_pair_begin_tcp(&f, tls_pair_versions[i]);
        f.stream->functions->close(f.stream);
        f.stream = NULL;
        assert_int_equal(tls_pair_server_reads(&f, got, sizeof got), 0);
        assert_int_equal(SSL_get_shutdown(f.server) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        tls_pair_end(&f);
    }
}

/* Those that the server got to its question. */
static int answers;

static void count_answers(int is_written, int version, int type, const void *bytes, size_t n,
                          SSL *ssl, void *user_data)
{
    (void)version;
    (void)ssl;
    (void)user_data;
    if (!is_written && type == SSL3_RT_HANDSHAKE && n > 0 &&
        *(const uint8_t *)bytes == SSL3_MT_FINISHED)
        answers++;
}

/*
 * RFC 8446 section 4.6.2: a certificate that is asked for behind the handshake. The answer does not
 * fit in at once; what is written then must wait behind it.
 */
static void answer__that_waits_is_not_overtaken(void **state)
{
    (void)state;
    static uint8_t much[16384];
    const struct ph__slice slice = {much, sizeof much};
    struct tls_pair f;
    char got[5000];
    size_t n, sent = 0, received = 0;
    enum ph__io io;
    tls_pair_open_tcp(&f, TLS1_3_VERSION);
    tls_pair_use_own_context(&f, SSL_OP_ENABLE_KTLS);
    tls_pair_join(&f);
    if (tls_pair_shake(&f) != PH__IO_DONE)
        fail_msg("%s", f.error.view->message);
    while ((io = tls_pair_write(&f, &slice, 1, &n)) == PH__IO_DONE)
        sent += n;
    assert_int_equal(io, PH__IO_WANT_WRITE);
    SSL_set_verify(f.server, SSL_VERIFY_PEER, NULL);
    SSL_set_msg_callback(f.server, count_answers);
    answers = 0;
    assert_int_equal(SSL_verify_client_post_handshake(f.server), 1);
    assert_int_equal(SSL_do_handshake(f.server), 1);
    tls_pair_wait_for_server(&f);
    /* What was sent may have made room. OpenSSL gathers what it says; the kernel takes no more. */
    while ((io = tls_pair_write(&f, &slice, 1, &n)) == PH__IO_DONE)
        sent += n;
    assert_int_equal(tls_pair_read(&f, got, sizeof got, &n),
                     tls_pair_is_by_kernel(&f) ? PH__IO_WANT_WRITE : PH__IO_WANT_READ);
    for (int rounds = 0; io != PH__IO_DONE || received < sent || answers == 0; rounds++) {
        assert_true(rounds < 100000);
        if (io != PH__IO_DONE) {
            io = tls_pair_write(&f, &slice, 1, &n);
            assert_true(io == PH__IO_DONE || io == PH__IO_WANT_WRITE);
            sent += n;
        }
        n = 0;
        const int result = SSL_read_ex(f.server, got, sizeof got, &n);
        received += n;
        if (result != 1 && SSL_get_error(f.server, result) != SSL_ERROR_WANT_READ)
            fail_msg("%s", ERR_reason_error_string(ERR_peek_error()));
    }
    assert_int_equal(received, sent);
    assert_int_equal(answers, 1);
    tls_pair_end(&f);
}

/* ---- No SIGPIPE ------------------------------------------------------------------------------ */

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void catch_signals(struct sigaction *before)
{
    struct sigaction action = {.sa_handler = count_signal};
    (void)sigemptyset(&action.sa_mask);
    signals = 0;
    assert_int_equal(sigaction(SIGPIPE, &action, before), 0);
}

/* Waits until the system knows that the connection is over. */
static void wait_for_end(struct tls_pair *pair)
{
    struct pollfd over = {.fd = pair->stream->fd, .events = 0};
    assert_int_equal(poll(&over, 1, 60 * 1000), 1);
}

/* The first write after a close is still taken, and answered with a reset. */
static void write__to_one_who_has_gone_raises_no_signal(void **state)
{
    (void)state;
    const struct ph__slice slice = {(const uint8_t *)"QUIT\r\n", 6};
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct sigaction before;
        struct tls_pair f;
        size_t n;
        catch_signals(&before);
        tls_pair_begin_tcp(&f, tls_pair_versions[i]);
        tls_pair_close_server(&f);
        assert_int_equal(tls_pair_write(&f, &slice, 1, &n), PH__IO_DONE);
        wait_for_end(&f);
        assert_int_equal(tls_pair_write(&f, &command, 1, &n), PH__IO_FAILED);
        assert_int_equal(f.error.view->status, PH_ERR_IO);
        assert_int_equal(f.error.view->system_errno, EPIPE);
        assert_string_equal(f.error.view->message, "the connection was lost: Broken pipe");
        tls_pair_end(&f);
        assert_int_equal(signals, 0);
        assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
    }
}

static void loss__while_much_is_under_way_is_told_as_one(void **state)
{
    (void)state;
    static uint8_t much[16384];
    const struct ph__slice slice = {much, sizeof much};
    const struct linger at_once = {.l_onoff = 1};
    for (size_t i = 0; i < 2 * ROWS(tls_pair_versions); i++) {
        const bool by_reading = i % 2 != 0;
        struct sigaction before;
        struct tls_pair f;
        size_t n;
        catch_signals(&before);
        tls_pair_begin_tcp(&f, tls_pair_versions[i / 2]);
        while (tls_pair_write(&f, &slice, 1, &n) == PH__IO_DONE) {
        }
        assert_int_equal(setsockopt(f.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        tls_pair_close_server(&f);
        wait_for_end(&f);
        assert_int_equal(by_reading ? tls_pair_read(&f, much, sizeof much, &n)
                                    : tls_pair_write(&f, &slice, 1, &n),
                         PH__IO_FAILED);
        assert_int_equal(f.error.view->status, PH_ERR_IO);
        assert_int_equal(strncmp(f.error.view->message, "the connection was lost: ", 25), 0);
        tls_pair_end(&f);
        assert_int_equal(signals, 0);
        assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
    }
}

/* What TLS itself says goes another way than content where the kernel encrypts. */
static void alert__that_nobody_takes_raises_no_signal(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct sigaction before;
        struct tls_pair f;
        char got[8];
        size_t n;
        catch_signals(&before);
        tls_pair_begin_tcp(&f, tls_pair_versions[i]);
        while (tls_pair_read(&f, got, sizeof got, &n) == PH__IO_DONE) {
        }
        assert_int_equal(shutdown(f.stream->fd, SHUT_WR), 0);
        assert_int_equal(write(f.fd, "250 plain text\r\n", 16), 16);
        tls_pair_wait_for_server(&f);
        assert_int_equal(tls_pair_read(&f, got, sizeof got, &n), PH__IO_FAILED);
        assert_int_equal(signals, 0);
        tls_pair_end(&f);
        assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
    }
}

/* So does the goodbye; and closing sends what is left. */
static void close__of_what_the_other_side_has_left_raises_no_signal(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(tls_pair_versions); i++) {
        struct sigaction before;
        struct tls_pair f;
        catch_signals(&before);
        tls_pair_begin_tcp(&f, tls_pair_versions[i]);
        assert_int_equal(shutdown(f.stream->fd, SHUT_WR), 0);
        f.stream->functions->close(f.stream);
        f.stream = NULL;
        tls_pair_end(&f);
        assert_int_equal(signals, 0);
        assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_keys__that_the_server_asks_for),
        cmocka_unit_test(new_keys__of_the_server),
        cmocka_unit_test(close__says_goodbye_over_tcp),
        cmocka_unit_test(answer__that_waits_is_not_overtaken),
        cmocka_unit_test(write__to_one_who_has_gone_raises_no_signal),
        cmocka_unit_test(loss__while_much_is_under_way_is_told_as_one),
        cmocka_unit_test(alert__that_nobody_takes_raises_no_signal),
        cmocka_unit_test(close__of_what_the_other_side_has_left_raises_no_signal),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
