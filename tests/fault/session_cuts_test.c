/* SPDX-License-Identifier: MIT */
/*
 * Several messages in flight, and the connection gone at each byte of what the server says, and of
 * what the client writes: each message has its true outcome. Sent if its 250 was read to its end,
 * else unknown if its own end was written, else not sent.
 */
#include "unit/base/test.h"

#include <string.h>

#include "base/allocator.h"
#include "protocol/session.h"
#include "support/small_server.h"

enum {
    messages = 3,
    steps_max = 1000
};

static const char content[] = "Subject: hello\n\n.hello\n";

struct way {
    const char *note;
    const char *offers;
    uint32_t window;
};

static const struct way ways[] = {
    {"one command at a time", "250-mx\r\n250 HELP\r\n", 1},
    {"DATA", "250-mx\r\n250 PIPELINING\r\n", 1},
    {"BDAT", "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n", 1},
    {"window", "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n", messages},
};

struct run {
    const struct way *way;
    bool closes; /* in order, and not by a reset */
    size_t may_write;
    size_t may_read;
    size_t n_written;
    size_t n_read;
    struct ph__session_config config;
    struct ph__session *session;
    struct small_server server;
    struct ph__envelope envelope;
    ph_result *results[messages];
    size_t submitted;
    size_t done;
    size_t ends_written; /* as the server knows them: by their last byte */
    size_t ends_read;
    bool is_over;
};

/* ---- Both sides ------------------------------------------------------------------------------ */

static const char *count_ends(struct small_server *server, const char *line)
{
    struct run *run = server->user_data;
    run->ends_written += strcmp(line, ".") == 0;
    return NULL;
}

static void cut(struct run *run)
{
    struct ph__error error;
    run->is_over = true;
    if (run->closes) {
        ph__session_end_of_input(run->session);
        return;
    }
    ph__error_init(&error, ph__allocator_or_default(NULL));
    (void)ph__error_set(&error, PH_ERR_IO, PH_PHASE_NONE, "reset");
    ph__session_fail(run->session, &error);
    ph__error_release(&error);
}

static void submit(struct run *run)
{
    while (run->submitted < messages && ph__session_room(run->session) > 0) {
        ph_result *result = run->results[run->submitted];
        const struct ph__outgoing outgoing = {
            .envelope = &run->envelope, .result = result, .tag = result, .is_repeatable = true};
        assert_int_equal(ph__session_send(run->session, &outgoing), PH_OK);
        run->submitted++;
    }
}

static void take_events(struct run *run)
{
    struct ph__event event;
    while (ph__session_next_event(run->session, &event)) {
        run->is_over = run->is_over || event.type == PH__EVENT_FAILED;
        if (event.type == PH__EVENT_MESSAGE_DONE)
            assert_ptr_equal(event.tag, run->results[run->done++]);
        if (event.type == PH__EVENT_MESSAGE_DONE || event.type == PH__EVENT_READY)
            submit(run);
    }
}

/* Counts the final replies among what was read. Nothing else of the server has this text. */
static void feed(struct run *run, const char *said, size_t n)
{
    static const char final[] = "queued\r\n";
    for (size_t i = 0; i < n; i++) {
        const size_t behind = i + 1;
        if (behind >= strlen(final) &&
            memcmp(said + behind - strlen(final), final, strlen(final)) == 0)
            run->ends_read++;
    }
    run->n_read += n;
    (void)ph__session_receive(run->session, said, n);
    take_events(run);
}

static void read_all(struct run *run)
{
    const size_t rest = run->may_read - run->n_read;
    const size_t n = run->server.n_said < rest ? run->server.n_said : rest;
    const bool is_cut = n < run->server.n_said;
    run->server.n_said = 0;
    feed(run, run->server.said, n);
    if (is_cut)
        cut(run);
}

static bool write_some(struct run *run)
{
    struct ph__slice slice;
    const size_t count = ph__session_output(run->session, &slice, 1);
    bool from_start;
    if (ph__session_wants_content(run->session)) {
        (void)ph__session_content_tag(run->session, &from_start);
        assert_true(from_start);
        ph__session_content(run->session, content, strlen(content), true);
        return true;
    }
    if (count == 0)
        return false;
    const size_t rest = run->may_write - run->n_written;
    const size_t n = slice.length < rest ? slice.length : rest;
    const bool is_cut = n < slice.length;
    run->n_written += n;
    if (n > 0) {
        small_server_hear(&run->server, slice.bytes, n);
        ph__session_wrote(run->session, n);
    }
    if (is_cut)
        cut(run);
    return !is_cut;
}

static void play(struct run *run)
{
    for (int i = 0; i < steps_max && !run->is_over && run->done < messages; i++) {
        while (write_some(run))
            continue;
        if (!run->is_over)
            read_all(run);
    }
    take_events(run);
}

/* ---- One round ------------------------------------------------------------------------------- */

static void begin(struct run *run)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    run->config = (struct ph__session_config){
        .allocator = allocator, .server = "mx.example.net", .reply_limits = {512, 16, 4096}};
    const struct ph__session_start start = {.helo = "client.example.org",
                                            .esmtp = true,
                                            .starttls = PH_STARTTLS_OFF,
                                            .window = run->way->window,
                                            .window_bytes = 100000};
    ph_address *address;
    ph__envelope_init(&run->envelope, allocator);
    assert_int_equal(ph_address_new("b@example.org", NULL, &address), PH_OK);
    assert_int_equal(ph__envelope_add_recipient(&run->envelope, address), PH_OK);
    for (size_t i = 0; i < messages; i++) {
        run->results[i] = ph__result_new(allocator, &run->envelope);
        assert_non_null(run->results[i]);
    }
    small_server_begin(&run->server, run->way->offers);
    run->server.answer = count_ends;
    run->server.user_data = run;
    run->session = ph__session_new(&run->config);
    assert_non_null(run->session);
    assert_int_equal(ph__session_begin(run->session, &start), PH_OK);
}

static ph_outcome true_outcome(const struct run *run, size_t number)
{
    if (number < run->ends_read)
        return PH_OUTCOME_SENT;
    return number < run->ends_written ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_NOT_SENT;
}

static void check_outcomes(const struct run *run)
{
    for (size_t i = 0; i < run->submitted; i++) {
        const ph_outcome told = ph_result_outcome(run->results[i]);
        if (told != true_outcome(run, i))
            fail_msg("%s, %zu bytes written, %zu read: message %zu is told as %s", run->way->note,
                     run->n_written, run->n_read, i, ph_outcome_name(told));
        assert_int_equal(told == PH_OUTCOME_SENT, i < run->done);
        if (told != PH_OUTCOME_SENT)
            assert_int_equal(ph_result_error(run->results[i])->outcome, told);
    }
}

/* @return it was cut */
static bool round_is_cut(struct run run)
{
    begin(&run);
    play(&run);
    check_outcomes(&run);
    assert_int_equal(run.is_over, run.done < messages);
    ph__session_free(run.session);
    for (size_t i = 0; i < messages; i++)
        ph_result_free(run.results[i]);
    ph__envelope_release(&run.envelope);
    return run.is_over;
}

static void server__is_cut_at_each_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(ways); i++) {
        size_t n = 0;
        while (round_is_cut((struct run){.way = &ways[i], .may_read = n, .may_write = SIZE_MAX}) &&
               round_is_cut((struct run){
                   .way = &ways[i], .may_read = n, .may_write = SIZE_MAX, .closes = true}))
            n++;
        assert_true(n > 100);
    }
}

static void client__is_cut_at_each_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(ways); i++) {
        size_t n = 0;
        while (round_is_cut((struct run){.way = &ways[i], .may_write = n, .may_read = SIZE_MAX}))
            n++;
        assert_true(n > 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__is_cut_at_each_byte),
        cmocka_unit_test(client__is_cut_at_each_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
