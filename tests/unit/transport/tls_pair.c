/* SPDX-License-Identifier: MIT */
#include "unit/transport/tls_pair.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include <posthaste/openssl.h>

#include "transport/socket_stream.h"
#include "transport/tls_info.h"
#include "unit/transport/made_certificate.h"

enum {
    patience_ms = 60 * 1000,
    total = 1024 * 1024
};

const int tls_pair_versions[2] = {TLS1_2_VERSION, TLS1_3_VERSION};

static struct made_certificate made;
static const char template[] = "/tmp/posthaste-test-XXXXXX";
static char anchor[sizeof template];

int tls_pair_set_up(void **state)
{
    (void)state;
    made_certificate_init(&made, "made", "DNS:localhost,IP:fe80::1");
    made_certificate_sign(&made);
    memcpy(anchor, template, sizeof template);
    made_certificate_write(&made, true, false, anchor);
    return 0;
}

int tls_pair_tear_down(void **state)
{
    (void)state;
    made_certificate_release(&made);
    return unlink(anchor);
}

const char *tls_pair_anchor(void)
{
    return anchor;
}

SSL_CTX *tls_pair_new_server_context(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(ctx, made.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, made.key), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ctx;
}

ph_tls_config *tls_pair_new_config(const ph_allocator *allocator)
{
    ph_tls_config *config = ph__tls_config_new(allocator);
    if (config && ph_tls_config_set_ca_file(config, anchor) != PH_OK) {
        ph__tls_config_free(config);
        return NULL;
    }
    return config;
}

void tls_pair_use_own_context(struct tls_pair *pair, uint64_t options)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_load_verify_file(ctx, tls_pair_anchor()), 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_post_handshake_auth(ctx, 1);
    (void)SSL_CTX_set_options(ctx, options);
    ph_tls_config_set_ssl_ctx(pair->config, ctx);
    SSL_CTX_free(ctx);
}

/* ---- Both ends ------------------------------------------------------------------------------- */

static void open_over(struct tls_pair *pair, const int fds[2], int room, int version)
{
    *pair = (struct tls_pair){.fd = fds[1]};
    test_allocator_init(&pair->test);
    ph__error_init(&pair->error, &pair->test.allocator);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
        assert_int_equal(ph__socket_prepare(fds[i]), PH_OK);
    }
    pair->ctx = tls_pair_new_server_context(version);
    pair->server = SSL_new(pair->ctx);
    assert_int_equal(SSL_set_fd(pair->server, pair->fd), 1);
    SSL_set_accept_state(pair->server);
    pair->config = tls_pair_new_config(&pair->test.allocator);
    assert_int_equal(ph__socket_stream_new(&pair->test.allocator, fds[0], &pair->plain), PH_OK);
}

void tls_pair_open(struct tls_pair *pair, int version)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    open_over(pair, fds, 1, version);
}

/* With less room each write would wait for an acknowledgement that is delayed. */
void tls_pair_open_tcp(struct tls_pair *pair, int version)
{
    enum {
        room = 64 * 1024
    };
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    int fds[2] = {socket(AF_INET, SOCK_STREAM, 0), -1};
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&address, length), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    (void)close(listener);
    open_over(pair, fds, room, version);
}

void tls_pair_join(struct tls_pair *pair)
{
    const int fd = pair->plain->fd;
    if (ph__tls_stream_new(&pair->test.allocator, pair->plain, pair->config, "localhost",
                           &pair->stream, &pair->error) != PH_OK)
        fail_msg("%s", pair->error.view->message);
    assert_int_equal(pair->stream->fd, fd);
}

enum ph__io tls_pair_shake(struct tls_pair *pair)
{
    enum ph__io io;
    int served;
    do {
        io = ph__tls_stream_handshake(pair->stream, &pair->error);
        served = SSL_do_handshake(pair->server);
    } while ((io == PH__IO_WANT_READ || io == PH__IO_WANT_WRITE) ||
             (io == PH__IO_DONE && served != 1));
    return io;
}

void tls_pair_begin(struct tls_pair *pair, int version)
{
    tls_pair_open(pair, version);
    tls_pair_join(pair);
}

void tls_pair_begin_shaken(struct tls_pair *pair, int version)
{
    tls_pair_begin(pair, version);
    if (tls_pair_shake(pair) != PH__IO_DONE)
        fail_msg("%s", pair->error.view->message);
}

void tls_pair_begin_tcp(struct tls_pair *pair, int version)
{
    tls_pair_open_tcp(pair, version);
    tls_pair_join(pair);
    if (tls_pair_shake(pair) != PH__IO_DONE)
        fail_msg("%s", pair->error.view->message);
}

void tls_pair_close_server(struct tls_pair *pair)
{
    (void)close(pair->fd);
    pair->fd = -1;
}

void tls_pair_end(struct tls_pair *pair)
{
    if (pair->stream)
        pair->stream->functions->close(pair->stream);
    SSL_free(pair->server);
    SSL_CTX_free(pair->ctx);
    if (pair->fd >= 0)
        (void)close(pair->fd);
    ph__tls_config_free(pair->config);
    ph__error_release(&pair->error);
    assert_int_equal(pair->test.live_blocks, 0);
    assert_int_equal(ERR_peek_error(), 0); /* the caller's queue is left as it was */
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

enum ph__io tls_pair_read(struct tls_pair *pair, void *buffer, size_t size, size_t *n)
{
    *n = 0;
    return pair->stream->functions->read(pair->stream, buffer, size, n, &pair->error);
}

enum ph__io tls_pair_write(struct tls_pair *pair, const struct ph__slice *slices, size_t count,
                           size_t *n)
{
    *n = 0;
    return pair->stream->functions->write(pair->stream, slices, count, n, &pair->error);
}

size_t tls_pair_server_reads(struct tls_pair *pair, void *buffer, size_t size)
{
    size_t had = 0;
    for (;;) {
        size_t n = 0;
        const int result = SSL_read_ex(pair->server, (char *)buffer + had, size - had, &n);
        had += n;
        if (had == size ||
            (result != 1 && SSL_get_error(pair->server, result) != SSL_ERROR_WANT_READ))
            return had;
        if (result != 1 &&
            poll(&(struct pollfd){.fd = pair->fd, .events = POLLIN}, 1, patience_ms) != 1)
            return had;
    }
}

void tls_pair_wait_for_server(struct tls_pair *pair)
{
    struct pollfd readable = {.fd = pair->stream->fd, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, patience_ms), 1);
}

void tls_pair_server_says(struct tls_pair *pair, const char *text)
{
    assert_int_equal(SSL_write(pair->server, text, (int)strlen(text)), (int)strlen(text));
}

static uint8_t bytes[total + 1];

static void fill_bytes(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

struct flow {
    size_t sent;
    size_t offered; /* of the client's: what must be offered again until it was sent */
    size_t received;
    bool was_blocked;
};

/* Writes in slices whose sizes change with what was written. */
static void client_writes(struct tls_pair *pair, struct flow *flow)
{
    static const size_t sizes[] = {1, 70, 16383, 16384, 3, 100000, 512};
    struct ph__slice slices[3];
    size_t at = flow->sent;
    size_t count = 0;
    size_t n;
    for (; count < 3 && at < total; count++) {
        const size_t size = sizes[(flow->sent + count) % ROWS(sizes)];
        slices[count].bytes = bytes + at;
        slices[count].length = size < total - at ? size : total - at;
        at += slices[count].length;
    }
    if (count == 0)
        return;
    if (at < flow->offered)
        slices[count - 1].length += flow->offered - at;
    else
        flow->offered = at;
    const enum ph__io io = tls_pair_write(pair, slices, count, &n);
    if (io != PH__IO_DONE && io != PH__IO_WANT_WRITE && io != PH__IO_WANT_READ)
        fail_msg("%s", pair->error.view->message);
    flow->was_blocked = flow->was_blocked || io == PH__IO_WANT_WRITE;
    assert_true(io != PH__IO_DONE || n > 0);
    flow->sent += n;
}

static void server_reads(struct tls_pair *pair, struct flow *flow)
{
    uint8_t got[5000];
    size_t n = 0;
    if (SSL_read_ex(pair->server, got, sizeof got, &n) == 1)
        assert_memory_equal(got, bytes + flow->received, n);
    flow->received += n;
}

static void server_writes(struct tls_pair *pair, struct flow *flow)
{
    size_t n = 0;
    if (flow->sent < total)
        (void)SSL_write_ex(pair->server, bytes + flow->sent, total - flow->sent, &n);
    flow->sent += n;
}

static void client_reads(struct tls_pair *pair, struct flow *flow)
{
    uint8_t got[5000];
    size_t n;
    const enum ph__io io = tls_pair_read(pair, got, sizeof got, &n);
    if (io != PH__IO_DONE && io != PH__IO_WANT_READ && io != PH__IO_WANT_WRITE)
        fail_msg("%s", pair->error.view->message);
    assert_true((io == PH__IO_DONE) == (n > 0));
    assert_memory_equal(got, bytes + flow->received, n);
    flow->received += n;
}

void tls_pair_flow(struct tls_pair *pair)
{
    struct flow up = {0};
    struct flow down = {0};
    fill_bytes();
    while (up.received < total || down.received < total) {
        client_writes(pair, &up);
        server_writes(pair, &down);
        server_reads(pair, &up);
        /* What the server has, it may have answered, so the client must know that it left. */
        assert_true(up.received <= up.sent);
        client_reads(pair, &down);
    }
    assert_int_equal(up.sent, total);
    assert_true(up.was_blocked);
}

/* ---- By whom --------------------------------------------------------------------------------- */

bool tls_pair_is_by_kernel(struct tls_pair *pair)
{
    ph_tls_info *info;
    assert_int_equal(ph__tls_stream_info(pair->stream, &info), PH_OK);
    const bool by_kernel = info->by_kernel;
    ph__tls_info_free(&pair->test.allocator, info);
    /* Files can be sent where the kernel encrypts, and nowhere else. */
    assert_true((pair->stream->functions->send_file != NULL) == by_kernel);
    return by_kernel;
}
