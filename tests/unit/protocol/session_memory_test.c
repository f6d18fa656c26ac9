/* SPDX-License-Identifier: MIT */
/* A whole session, run again and again with another allocation failing each time. */
#include <string.h>

#include "protocol/session.h"
#include "unit/base/test.h"
#include "unit/protocol/peer.h"
#include "unit/protocol/replies.h"

/* What a run came to: the first status that was not PH_OK. */
struct outcome {
    int status;
    struct message *message;
};

/* Says something, writes what follows. @return the session still lives */
static bool exchange(struct peer *peer, struct outcome *outcome, const char *text)
{
    const int status = peer_says(peer, text);
    if (peer->event.status != PH_OK)
        outcome->status = peer->event.status;
    else if (status != PH_OK)
        outcome->status = status;
    (void)peer_takes(peer);
    (void)peer_says(peer, "");
    if (peer->event.status != PH_OK)
        outcome->status = peer->event.status;
    return outcome->status == PH_OK;
}

static bool submitted(struct peer *peer, struct outcome *outcome, int status)
{
    outcome->status = status;
    (void)peer_takes(peer);
    return status == PH_OK;
}

static void run(struct peer *peer, struct outcome *outcome)
{
    struct ph__session *session = peer->session;
    struct message *message = outcome->message;
    outcome->status = ph__session_begin(session, &plain_start);
    if (outcome->status == PH_ERR_NO_MEMORY) /* nothing was done: it may be tried again */
        outcome->status = ph__session_begin(session, &plain_start);
    if (outcome->status != PH_OK || !exchange(peer, outcome, "220 mx\r\n") ||
        !exchange(peer, outcome, "250-mx\r\n250-PIPELINING\r\n250-AUTH=LOGIN\r\n250 AUTH FAKE\r\n"))
        return;
    if (!submitted(peer, outcome, peer_authenticates(peer)) ||
        !exchange(peer, outcome, "334 cHJvb2Y=\r\n") || !exchange(peer, outcome, "235 ok\r\n"))
        return;
    if (!submitted(peer, outcome, ph__session_command(session, PH__SINGLE_RAW, "XYZ")) ||
        !exchange(peer, outcome, "250 ok\r\n"))
        return;
    const int status = message_submit(message, session);
    if (!submitted(peer, outcome, status) ||
        !exchange(peer, outcome, "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go on\r\n"))
        return;
    ph__session_content(session, ".\ntext\n", 7, true);
    if (exchange(peer, outcome, ""))
        (void)exchange(peer, outcome, "250 2.0.0 queued\r\n");
}

/* A sweep: allocation number n fails, or it and all behind it. */
static void sweep(bool fails_from_there)
{
    bool has_failed = true;
    int n_unsent = 0;
    for (int n = 0; has_failed; n++) {
        struct peer peer;
        struct message message;
        struct outcome outcome = {.status = PH_ERR_NO_MEMORY, .message = &message};
        test_allocator_init_failing(&peer.memory, n);
        peer.memory.fails_from_there = fails_from_there;
        message_init(&message, PH_RCPT_ANY, 2);
        peer_init_with(&peer, &default_reply_limits);
        if (peer.session)
            run(&peer, &outcome);
        has_failed = peer.memory.has_failed;
        if (outcome.status == PH_OK) {
            assert_int_equal(ph_result_outcome(message.result), PH_OUTCOME_SENT);
            assert_int_equal(ph_result_recipient_state(message.result, 1), PH_RECIPIENT_REFUSED);
        } else {
            assert_int_equal(outcome.status, PH_ERR_NO_MEMORY);
            assert_int_not_equal(ph_result_outcome(message.result), PH_OUTCOME_SENT);
            n_unsent++;
        }
        assert_true(has_failed || outcome.status == PH_OK);
        message_release(&message);
        peer_release(&peer);
    }
    assert_true(n_unsent > 10); /* the sweep met them */
}

static void session__each_allocation_may_fail(void **state)
{
    (void)state;
    sweep(false);
}

static void session__memory_may_run_out_anywhere(void **state)
{
    (void)state;
    sweep(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session__each_allocation_may_fail),
        cmocka_unit_test(session__memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests_name("protocol/session: memory", tests, NULL, NULL);
}
