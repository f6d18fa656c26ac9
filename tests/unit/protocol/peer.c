/* SPDX-License-Identifier: MIT */
/* The far end of a session under test. */
#include "unit/protocol/peer.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/protocol/replies.h"

const struct ph__session_start plain_start = {
    .helo = "client.example.org", .esmtp = true, .starttls = PH_STARTTLS_OFF};

static void keep_trace(ph_trace_kind kind, const char *line, void *user_data)
{
    struct peer *peer = user_data;
    const char mark = kind == PH_TRACE_SENT ? '>' : kind == PH_TRACE_RECEIVED ? '<' : '-';
    const size_t room = sizeof peer->traced - peer->n_traced;
    const int n = snprintf(peer->traced + peer->n_traced, room, "%c %s\n", mark, line);
    assert_true(n > 0 && (size_t)n < room);
    peer->n_traced += (size_t)n;
}

void peer_init_with(struct peer *peer, const struct ph__reply_limits *limits)
{
    peer->memory.secret = PEER_SECRET;
    peer->trace = (struct ph__trace){.line = keep_trace, .user_data = peer};
    peer->event = (struct ph__event){.type = PH__EVENT_NONE};
    peer->n_events = 0;
    peer->n_sent = 0;
    peer->sent[0] = '\0';
    peer->n_traced = 0;
    peer->traced[0] = '\0';
    peer->config = (struct ph__session_config){.allocator = &peer->memory.allocator,
                                               .server = "mx.example.org",
                                               .reply_limits = *limits,
                                               .trace = &peer->trace};
    peer->session = ph__session_new(&peer->config);
}

void peer_init(struct peer *peer)
{
    test_allocator_init(&peer->memory);
    peer_init_with(peer, &default_reply_limits);
    assert_non_null(peer->session);
}

void peer_release(struct peer *peer)
{
    ph__session_free(peer->session);
    assert_int_equal(peer->memory.live_blocks, 0);
    assert_false(peer->memory.has_released_secret);
}

int peer_says(struct peer *peer, const char *text)
{
    const int status = ph__session_receive(peer->session, text, strlen(text));
    struct ph__event event;
    peer->n_events = 0;
    peer->event = (struct ph__event){.type = PH__EVENT_NONE};
    while (ph__session_next_event(peer->session, &event)) {
        peer->event = event;
        peer->n_events++;
    }
    assert_int_equal(event.type, PH__EVENT_NONE);
    return status;
}

static void keep_sent(struct peer *peer, struct ph__slice slice)
{
    assert_true(slice.length > 0 && slice.length < sizeof peer->sent - peer->n_sent);
    memcpy(peer->sent + peer->n_sent, slice.bytes, slice.length);
    peer->n_sent += slice.length;
}

const char *peer_takes_by(struct peer *peer, size_t max_slices)
{
    struct ph__slice slices[16];
    size_t count;
    peer->n_sent = 0;
    while ((count = ph__session_output(peer->session, slices, max_slices)) > 0) {
        const size_t before = peer->n_sent;
        for (size_t i = 0; i < count; i++)
            keep_sent(peer, slices[i]);
        ph__session_wrote(peer->session, peer->n_sent - before);
    }
    peer->sent[peer->n_sent] = '\0';
    return peer->sent;
}

const char *peer_takes(struct peer *peer)
{
    return peer_takes_by(peer, 16);
}

void peer_open(struct peer *peer, const char *ehlo)
{
    assert_int_equal(ph__session_begin(peer->session, &plain_start), PH_OK);
    assert_int_equal(peer_says(peer, "220 mx.example.org\r\n"), PH_OK);
    assert_string_equal(peer_takes(peer), "EHLO client.example.org\r\n");
    assert_int_equal(peer_says(peer, ehlo), PH_OK);
    assert_int_equal(peer->event.type, PH__EVENT_READY);
}

void message_init(struct message *message, ph_recipient_policy policy, int n_recipients)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    ph__envelope_init(&message->envelope, allocator);
    message->envelope.policy = policy;
    ph_address *address;
    assert_int_equal(ph_address_new("a@example.org", NULL, &address), PH_OK);
    ph__envelope_set_from(&message->envelope, address);
    for (int i = 0; i < n_recipients; i++) {
        char mailbox[32];
        (void)snprintf(mailbox, sizeof mailbox, "r%d@example.org", i);
        assert_int_equal(ph_address_new(mailbox, NULL, &address), PH_OK);
        assert_int_equal(ph__envelope_add_recipient(&message->envelope, address), PH_OK);
    }
    message->result = ph__result_new(allocator, &message->envelope);
    assert_non_null(message->result);
}

void message_release(struct message *message)
{
    ph_result_free(message->result);
    ph__envelope_release(&message->envelope);
}

int message_submit(struct message *message, struct ph__session *session)
{
    const struct ph__outgoing outgoing = {
        .envelope = &message->envelope, .result = message->result, .tag = message};
    return ph__session_send(session, &outgoing);
}

/* ---- A mechanism that sends its secret and is done ------------------------------------------ */

static int fake_start(const ph_credentials *credentials, void *user_data, void **exchange)
{
    (void)credentials;
    *exchange = user_data;
    return PH_OK;
}

static int fake_step(void *exchange, const void *challenge, size_t n,
                     ph_mechanism_response *response)
{
    (void)exchange;
    (void)challenge;
    (void)n;
    ph_mechanism_complete(response);
    return ph_mechanism_respond(response, PEER_SECRET, strlen(PEER_SECRET));
}

static void fake_finish(void *exchange)
{
    (void)exchange;
}

int peer_authenticates(struct peer *peer)
{
    static const ph_mechanism fake_mechanism = {.name = "FAKE",
                                                .flags = PH_MECHANISM_CLIENT_FIRST,
                                                .start = fake_start,
                                                .step = fake_step,
                                                .finish = fake_finish};
    const struct ph__login login = {
        .mechanism = &fake_mechanism,
        .credentials = {.user = "user", .secret = PEER_SECRET, .host = "mx.example.org"}};
    return ph__session_authenticate(peer->session, &login);
}
