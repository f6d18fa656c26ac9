/* SPDX-License-Identifier: MIT */
/*
 * Different objects share nothing: threads that have clients, connections and pools of their own
 * need no lock, and no initialisation before. What a program may lend to several of them at once
 * (content, an SSL_CTX, a mechanism, memory functions that are fit for threads) is only read.
 * ThreadSanitizer looks on (the preset sanitize-thread); what is sent is checked everywhere.
 */
#include "unit/base/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/openssl.h>
#include <posthaste/posthaste.h>

#include <posthaste/adapters/poll.h>

#include "threads/peer.h"
#include "unit/transport/made_certificate.h"

enum {
    threads = 4,
    rounds = 6,
    messages = 5
};

/* What all threads use at the same time. Not constant, so that a write to it would be seen. */
static struct lent {
    SSL_CTX *client_ctx;
    SSL_CTX *server_ctx;
    char content[64];
    char user[16];
    char secret[16];
    ph_mechanism mechanism;
    ph_allocator allocator;
    atomic_int live_blocks;
    pthread_barrier_t start;
} lent;

/* ---- What is lent ---------------------------------------------------------------------------- */

/* In no order that threads could agree on: it would hide what they race for. */
static void count(void *live_blocks, int change)
{
    (void)atomic_fetch_add_explicit((atomic_int *)live_blocks, change, memory_order_relaxed);
}

static void *allocate(size_t size, void *user_data)
{
    void *block = malloc(size);
    count(user_data, block != NULL);
    return block;
}

static void *reallocate(void *block, size_t size, void *user_data)
{
    void *moved = realloc(block, size);
    count(user_data, moved && !block);
    return moved;
}

static void release(void *block, void *user_data)
{
    count(user_data, -(block != NULL));
    free(block);
}

static int start(const ph_credentials *credentials, void *user_data, void **exchange)
{
    (void)credentials;
    *exchange = user_data;
    return PH_OK;
}

static int step(void *exchange, const void *challenge, size_t n, ph_mechanism_response *response)
{
    static const char text[] = "an answer of thirty bytes or more";
    (void)exchange;
    (void)challenge;
    (void)n;
    ph_mechanism_complete(response);
    return ph_mechanism_respond(response, text, sizeof text);
}

static void finish(void *exchange)
{
    (void)exchange;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    assert_non_null(ctx);
    return ctx;
}

static int set_up(void **state)
{
    struct made_certificate made;
    (void)state;
    lent = (struct lent){.content = "Subject: hello\n\nhello\n",
                         .user = "user",
                         .secret = "secret",
                         .mechanism = {"OWN", 0, start, step, finish, NULL},
                         .allocator = {allocate, reallocate, release, &lent.live_blocks},
                         .client_ctx = new_context(TLS_client_method()),
                         .server_ctx = new_context(TLS_server_method())};
    made_certificate_init(&made, "made", "DNS:mx.example.net");
    made_certificate_sign(&made);
    assert_int_equal(SSL_CTX_use_certificate(lent.server_ctx, made.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(lent.server_ctx, made.key), 1);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(lent.client_ctx), made.x509), 1);
    SSL_CTX_set_verify(lent.client_ctx, SSL_VERIFY_PEER, NULL);
    made_certificate_release(&made);
    return pthread_barrier_init(&lent.start, NULL, threads);
}

static int tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(lent.client_ctx);
    SSL_CTX_free(lent.server_ctx);
    return pthread_barrier_destroy(&lent.start);
}

/* ---- Ways to send ---------------------------------------------------------------------------- */

static bool has_tls(const struct peer *peer)
{
    return peer->ssl != NULL;
}

static ph_server *new_server(struct peer *peer, const char *mechanism)
{
    ph_server *server;
    MUST(ph_server_new("mx.example.net", 465, &lent.allocator, &server) == PH_OK);
    MUST(ph_server_set_dial(server, peer_dial, peer) == PH_OK);
    MUST(ph_server_set_tls_mode(server, has_tls(peer) ? PH_TLS_IMPLICIT : PH_TLS_OFF) == PH_OK);
    MUST(ph_tls_config_set_ssl_ctx(ph_server_tls_config(server), lent.client_ctx) == PH_OK);
    MUST(ph_server_add_mechanism(server, &lent.mechanism) == PH_OK);
    MUST(ph_server_set_login(server, lent.user, lent.secret, mechanism) == PH_OK);
    return server;
}

static ph_message *new_message(void)
{
    ph_message *message;
    MUST(ph_message_new(&lent.allocator, &message) == PH_OK);
    MUST(ph_message_set_from(message, "a@example.org") == PH_OK);
    MUST(ph_message_add_recipient(message, "b@example.org") == PH_OK);
    MUST(ph_message_set_content(message, lent.content, strlen(lent.content)) == PH_OK);
    return message;
}

/* Says why. */
static void must(int status, const ph_error *error)
{
    if (status != PH_OK)
        fail_msg("%s", error ? error->message : ph_status_text(status));
}

static void must_of(ph_smtp *smtp, int status)
{
    must(status, ph_smtp_error(smtp));
}

static void send_blocking(struct peer *peer)
{
    ph_smtp *smtp;
    MUST(ph_smtp_new("mx.example.net", 465, &lent.allocator, &smtp) == PH_OK);
    ph_smtp_set_dial(smtp, peer_dial, peer);
    MUST((has_tls(peer) ? ph_smtp_enable_tls(smtp) : ph_smtp_disable_starttls(smtp)) == PH_OK);
    MUST(ph_tls_config_set_ssl_ctx(ph_smtp_tls_config(smtp), lent.client_ctx) == PH_OK);
    MUST(ph_smtp_add_mechanism(smtp, &lent.mechanism) == PH_OK);
    must_of(smtp, ph_smtp_start(smtp, NULL, lent.user, lent.secret, "CRAM-MD5"));
    for (size_t i = 0; i < messages; i++) {
        ph_message *message = new_message();
        must_of(smtp, ph_smtp_send(smtp, message));
        ph_message_free(message);
    }
    must_of(smtp, ph_smtp_finish(smtp));
    ph_smtp_free(smtp);
}

struct post {
    ph_message *messages[messages];
    size_t added;
    bool is_over;
};

/* Adds as many as the connection takes, and then ends it. */
static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct post *post = user_data;
    must(event->status, ph_connection_error(connection));
    post->is_over = event->type == PH_EVENT_CLOSED;
    while (post->added < messages && ph_connection_room(connection) > 0)
        MUST(ph_connection_send(connection, post->messages[post->added++], NULL) == PH_OK);
    if (post->added == messages)
        (void)ph_connection_quit(connection);
}

static void send_by_connection(struct peer *peer)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    struct post post = {.added = 0};
    ph_server *server = new_server(peer, "OWN");
    ph_connection *connection;
    size_t n;
    for (size_t i = 0; i < messages; i++)
        post.messages[i] = new_message();
    MUST(ph_connection_new(server, ph_now_ms(), &connection) == PH_OK);
    ph_connection_set_handler(connection, handle, &post);
    while (!post.is_over)
        ph_poll_once(&connection, 1, fds, &n);
    ph_connection_free(connection);
    for (size_t i = 0; i < messages; i++)
        ph_message_free(post.messages[i]);
    ph_server_free(server);
}

static void note_delivery(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    (void)pool;
    (void)user_data;
    must(delivery->status, delivery->error);
    ph_message_free(delivery->message);
}

static void send_by_pool(struct peer *peer)
{
    const ph_pool_options options = {.done = note_delivery};
    ph_server *server = new_server(peer, "CRAM-MD5");
    ph_pool *pool;
    MUST(ph_pool_new(&lent.allocator, &pool) == PH_OK);
    ph_pool_set_connections_per_server(pool, 1);
    ph_pool_set_messages_per_domain(pool, 1);
    for (size_t i = 0; i < messages; i++)
        MUST(ph_pool_add(pool, server, new_message(), &options) == PH_OK);
    ph_pool_close(pool);
    MUST(ph_pool_run(pool, -1));
    ph_pool_free(pool);
    ph_server_free(server);
}

/* What ends in an error, whose text has to be made. Nothing is dialed. */
static void fail_to_send(void)
{
    ph_smtp *smtp;
    MUST(ph_smtp_new("unix:/nonexistent", 0, &lent.allocator, &smtp) == PH_OK);
    MUST(ph_smtp_start(smtp, NULL, NULL, NULL, NULL) == PH_ERR_IO);
    MUST(strstr(ph_smtp_error(smtp)->message, "/nonexistent") != NULL);
    ph_smtp_free(smtp);
}

/* ---- All at once ----------------------------------------------------------------------------- */

/* Every way beside every other. OpenSSL's locks put threads in an order, which hides from
 * ThreadSanitizer what would race without: so the first rounds have no TLS. */
static void *live(void *number)
{
    static void (*const ways[])(struct peer *) = {send_blocking, send_by_connection, send_by_pool};
    const size_t first = *(const size_t *)number;
    (void)pthread_barrier_wait(&lent.start);
    fail_to_send();
    for (size_t i = 0; i < rounds; i++) {
        struct peer peer;
        peer_start(&peer, i < rounds / 2 ? NULL : lent.server_ctx);
        ways[(first + i) % ROWS(ways)](&peer);
        MUST(peer_stop(&peer) == messages);
    }
    return NULL;
}

/* Nothing of the library was called before. */
static void objects__of_different_threads_share_nothing(void **state)
{
    (void)state;
    pthread_t ids[threads];
    size_t numbers[threads];
    for (size_t i = 0; i < threads; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&ids[i], NULL, live, &numbers[i]), 0);
    }
    for (size_t i = 0; i < threads; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
    assert_int_equal(atomic_load(&lent.live_blocks), 0);
}

static void *read_and_free(void *taken)
{
    ph_result *result = taken;
    MUST(ph_result_outcome(result) == PH_OUTCOME_SENT);
    MUST(ph_reply_code(ph_result_reply(result)) == 250);
    ph_result_free(result);
    return NULL;
}

/* One thread looks at what the client told of, while the client tells of more in another. */
static void result__that_was_taken_is_no_part_of_its_client(void **state)
{
    (void)state;
    struct peer peer;
    ph_smtp *smtp;
    pthread_t ids[messages];
    ph_message *message = new_message();
    peer_start(&peer, NULL);
    assert_int_equal(ph_smtp_new("mx.example.net", 25, &lent.allocator, &smtp), PH_OK);
    ph_smtp_set_dial(smtp, peer_dial, &peer);
    must_of(smtp, ph_smtp_start(smtp, NULL, NULL, NULL, NULL));
    for (size_t i = 0; i < messages; i++) {
        must_of(smtp, ph_smtp_send(smtp, message));
        assert_int_equal(pthread_create(&ids[i], NULL, read_and_free, ph_smtp_take_result(smtp)),
                         0);
    }
    must_of(smtp, ph_smtp_finish(smtp));
    ph_smtp_free(smtp);
    ph_message_free(message);
    for (size_t i = 0; i < messages; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
    assert_int_equal(peer_stop(&peer), messages);
    assert_int_equal(atomic_load(&lent.live_blocks), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects__of_different_threads_share_nothing),
        cmocka_unit_test(result__that_was_taken_is_no_part_of_its_client),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
