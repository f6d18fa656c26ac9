/* SPDX-License-Identifier: MIT */
/*
 * Many messages against one real server: several transactions in flight by DATA, by BDAT and in a
 * window, refused ones among them; a pool; large content from memory and from a file; a TLS session
 * that is resumed. Every outcome is compared with what arrived.
 */
#include "interop/large_content.h"
#include "interop/real_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/adapters/poll.h>
#include <posthaste/posthaste.h>

#include "unit/base/test.h"

enum {
    many = 90, /* OpenSMTPD takes 100 in one session */
    pooled = 200
};

/* ---- Messages that tell their numbers -------------------------------------------------------- */

struct numbered {
    char content[256];
    ph_message *message;
    bool is_refused; /* it should be */
    int done;        /* how often its end was told */
    ph_outcome outcome;
};

static void set_content(struct numbered *numbered, int number)
{
    const int n = snprintf(numbered->content, sizeof numbered->content,
                           HEADERS "Subject: %d\r\n\r\n.number %d\r\nMAIL FROM:<x@client.test>\r\n",
                           number, number);
    assert_int_equal(ph_message_set_content(numbered->message, numbered->content, (size_t)n),
                     PH_OK);
}

/* Some are refused, but few: servers leave a client that has guessed too often. */
static void make(struct numbered *numbered, int number)
{
    const bool has_nobody = number % 40 == 20;
    const bool has_one_of_two = number % 40 == 30;
    *numbered = (struct numbered){.is_refused = has_nobody || has_one_of_two};
    assert_int_equal(ph_message_new(NULL, &numbered->message), PH_OK);
    assert_int_equal(ph_message_set_from(numbered->message, "a@client.test"), PH_OK);
    if (!has_nobody)
        assert_int_equal(ph_message_add_recipient(numbered->message, "test@example.test"), PH_OK);
    if (has_nobody || has_one_of_two)
        assert_int_equal(ph_message_add_recipient(numbered->message, "nobody@example.test"), PH_OK);
    set_content(numbered, number);
}

static struct numbered *make_all(size_t count)
{
    struct numbered *all = calloc(count, sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < count; i++)
        make(&all[i], (int)i);
    return all;
}

static void free_all(struct numbered *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ph_message_free(all[i].message);
    free(all);
}

/* Each ended once, as it should, and exactly those that were sent arrived, byte for byte. */
static void check_all(const struct numbered *all, size_t count)
{
    static char paths[pooled][PATH_ROOM];
    static bool has_arrived[pooled];
    size_t sent = 0;
    memset(has_arrived, 0, sizeof has_arrived);
    for (size_t i = 0; i < count; i++) {
        if (all[i].done != 1 ||
            all[i].outcome != (all[i].is_refused ? PH_OUTCOME_NOT_SENT : PH_OUTCOME_SENT))
            fail_msg("message %zu: ended %d times, %s", i, all[i].done,
                     ph_outcome_name(all[i].outcome));
        sent += !all[i].is_refused;
    }
    await_new(sent, paths);
    for (size_t i = 0; i < sent; i++) {
        size_t length;
        char *body = read_body(paths[i], &length);
        const char *subject = strstr(body, "Subject: ");
        assert_non_null(subject);
        const unsigned long number = strtoul(subject + 9, NULL, 10);
        assert_true(number < count && !all[number].is_refused && !has_arrived[number]);
        has_arrived[number] = true;
        assert_string_equal(body, all[number].content);
        free(body);
    }
    assert_nothing_arrived();
}

/* ---- One connection -------------------------------------------------------------------------- */

static ph_server *new_server(ph_tls_mode mode)
{
    ph_server *server;
    assert_int_equal(ph_server_new("127.0.0.1", server_port, NULL, &server), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(server, mode), PH_OK);
    assert_int_equal(ph_server_set_helo(server, "client.example.test"), PH_OK);
    assert_int_equal(ph_server_set_read_timeout(server, 120000), PH_OK);
    trust_server(ph_server_tls_config(server));
    return server;
}

struct course {
    struct numbered *all;
    size_t count, next, done;
    bool was_resumed;
};

static void submit(ph_connection *connection, struct course *course)
{
    while (course->next < course->count && ph_connection_room(connection) > 0) {
        struct numbered *numbered = &course->all[course->next++];
        assert_int_equal(ph_connection_send(connection, numbered->message, numbered), PH_OK);
    }
}

/* Takes what happened. @return the connection is still open */
static bool take_events(ph_connection *connection, struct course *course)
{
    ph_event event;
    while (ph_connection_next_event(connection, &event)) {
        if (event.type == PH_EVENT_CLOSED)
            return false;
        if (event.type == PH_EVENT_READY) {
            const ph_tls_info *tls = ph_connection_tls_info(connection);
            course->was_resumed = tls && tls->resumed;
        }
        if (event.type == PH_EVENT_MESSAGE_DONE) {
            struct numbered *numbered = event.user_data;
            numbered->done++;
            numbered->outcome = ph_result_outcome(event.result);
            course->done++;
        }
        if (course->done == course->count && course->next == course->count)
            (void)ph_connection_quit(connection);
        else
            submit(connection, course);
    }
    return true;
}

static void converse(ph_server *server, struct course *course)
{
    ph_connection *connection;
    struct pollfd fds[PH_POLLFDS_MAX];
    size_t count;
    assert_int_equal(ph_connection_new(server, ph_now_ms(), &connection), PH_OK);
    submit(connection, course);
    while (take_events(connection, course))
        ph_poll_once(&connection, 1, fds, &count);
    const ph_error *error = ph_connection_error(connection);
    if (course->done < course->count)
        fail_msg("%zu of %zu: %s", course->done, course->count, error ? error->message : "closed");
    ph_connection_free(connection);
}

static void send_many(ph_server *server)
{
    struct course course = {.all = make_all(many), .count = many};
    converse(server, &course);
    check_all(course.all, many);
    free_all(course.all, many);
    ph_server_free(server);
}

static void overlapped__as_the_server_offers(void **state)
{
    (void)state;
    send_many(new_server(PH_TLS_OFF));
}

static void overlapped__by_data(void **state)
{
    (void)state;
    ph_server *server = new_server(PH_TLS_OFF);
    assert_int_equal(ph_server_set_features(server, PH_FEATURE_CHUNKING, false), PH_OK);
    send_many(server);
}

static void overlapped__over_tls(void **state)
{
    (void)state;
    if (has("tls"))
        send_many(new_server(PH_TLS_STARTTLS_ALWAYS));
}

static void in_lock_step__fares_the_same(void **state)
{
    (void)state;
    ph_server *server = new_server(PH_TLS_OFF);
    assert_int_equal(
        ph_server_set_features(
            server, PH_FEATURE_PIPELINING | PH_FEATURE_CHUNKING | PH_FEATURE_OVERLAP, false),
        PH_OK);
    send_many(server);
}

/* Refused recipients leave a BDAT behind them that the server must read to its end. */
static void window__loses_and_doubles_nothing(void **state)
{
    (void)state;
    ph_server *server = new_server(PH_TLS_OFF);
    assert_int_equal(ph_server_set_window(server, 32, 1 << 20), PH_OK);
    send_many(server);
}

static void tls_session__is_resumed(void **state)
{
    (void)state;
    if (!has("tls-resumption"))
        return;
    ph_server *server = new_server(PH_TLS_STARTTLS_ALWAYS);
    struct course course = {.all = make_all(2), .count = 1};
    converse(server, &course);
    assert_false(course.was_resumed);
    course.count = 2;
    converse(server, &course);
    assert_true(course.was_resumed);
    check_all(course.all, 2);
    free_all(course.all, 2);
    ph_server_free(server);
}

/* ---- A pool ---------------------------------------------------------------------------------- */

static void delivered(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct numbered *numbered = user_data;
    (void)pool;
    numbered->done++;
    numbered->outcome = delivery->outcome;
}

static void pool__delivers_each_once(void **state)
{
    (void)state;
    ph_pool *pool;
    ph_server *server = new_server(PH_TLS_OFF);
    struct numbered *all = make_all(pooled);
    assert_int_equal(ph_pool_new(NULL, &pool), PH_OK);
    ph_pool_set_connections_per_server(pool, 4);
    for (size_t i = 0; i < pooled; i++) {
        const ph_pool_options options = {.done = delivered, .user_data = &all[i]};
        assert_int_equal(ph_pool_add(pool, server, all[i].message, &options), PH_OK);
    }
    ph_pool_close(pool);
    assert_true(ph_pool_run(pool, 200000));
    ph_pool_free(pool);
    check_all(all, pooled);
    free_all(all, pooled);
    ph_server_free(server);
}

/* ---- Large content --------------------------------------------------------------------------- */

static void send_large(ph_message *message, const char *content, const char *note)
{
    struct numbered numbered = {.message = message};
    struct course course = {.all = &numbered, .count = 1};
    assert_int_equal(ph_message_set_from(message, "a@client.test"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "test@example.test"), PH_OK);
    assert_int_equal(ph_message_set_line_ends(message, PH_LINE_ENDS_CRLF), PH_OK);
    ph_server *server = new_server(PH_TLS_OFF);
    converse(server, &course);
    assert_int_equal(numbered.outcome, PH_OUTCOME_SENT);
    assert_arrived(content, large_size, 1, note);
    ph_message_free(message);
    ph_server_free(server);
}

static void large_content__from_memory_and_from_a_file(void **state)
{
    (void)state;
    char *content = large_content();
    FILE *file = tmpfile();
    ph_message *message;
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, large_size, file), large_size);
    rewind(file);
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_content(message, content, large_size), PH_OK);
    send_large(message, content, "64 MiB from memory");
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_content_fd(message, fileno(file)), PH_OK);
    send_large(message, content, "64 MiB from a file");
    (void)fclose(file);
    free(content);
}

int main(int argc, char **argv)
{
    if (!take_arguments(argc, argv))
        return 64;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlapped__as_the_server_offers),
        cmocka_unit_test(overlapped__by_data),
        cmocka_unit_test(overlapped__over_tls),
        cmocka_unit_test(in_lock_step__fares_the_same),
        cmocka_unit_test(window__loses_and_doubles_nothing),
        cmocka_unit_test(tls_session__is_resumed),
        cmocka_unit_test(pool__delivers_each_once),
        cmocka_unit_test(large_content__from_memory_and_from_a_file),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
