/* SPDX-License-Identifier: MIT */
/* A message of a fuzzed session, and what may be said of it. */
#include "fuzz/session_message.h"

#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "fuzz/fuzz.h"

void message_init(struct message *message)
{
    *message = (struct message){.has_envelope = true};
    ph__envelope_init(&message->envelope, ph__allocator_or_default(NULL));
}

void message_release(struct message *message)
{
    ph__envelope_release(&message->envelope);
    ph_result_free(message->result);
    free(message->chunk);
    bytes_release(&message->lent);
    bytes_release(&message->received);
    message->result = NULL;
    message->chunk = NULL;
}

/* ---- What the server has --------------------------------------------------------------------- */

void message_begun_by_mail(struct message *message)
{
    /* Sent anew is only what nobody can have, and once (RFC 3030 section 2). */
    REQUIRE(message->attempts < 2 && message->end_code / 100 != 2 && !message_awaits_end(message));
    message->attempts++;
    message->mail_code = message->end_code = 0;
    message->recipients = message->accepted = message->refused = 0;
    message->has_refused_chunk = message->is_void = message->end_written = false;
    message->received.n = 0;
}

static bool is_vouched_for(const struct message *message)
{
    return message->envelope.line_ends == PH_LINE_ENDS_CRLF &&
           message->envelope.body_type == PH_BODY_UNDECLARED;
}

void message_content_byte(struct message *message, uint8_t byte)
{
    const struct bytes *received = &message->received;
    const bool is_behind_cr = received->n > 0 && received->at[received->n - 1] == '\r';
    const ph_body_type type = message->envelope.body_type;
    REQUIRE((byte == '\n') == is_behind_cr || is_vouched_for(message));
    REQUIRE(type == PH_BODY_UNDECLARED || byte != '\0');
    REQUIRE(type != PH_BODY_7BIT || byte < 0x80);
    bytes_add(&message->received, &byte, 1);
}

bool message_ends_in_dot(const struct message *message)
{
    const struct bytes *received = &message->received;
    if (received->n == 3)
        return memcmp(received->at, ".\r\n", 3) == 0;
    return received->n > 4 && memcmp(received->at + received->n - 5, "\r\n.\r\n", 5) == 0;
}

static void check_received(const struct message *message, const struct bytes *received)
{
    struct bytes expected = {.at = NULL};
    content_normalise(message->lent.at, message->lent.n, &expected);
    REQUIRE(bytes_equal(received, &expected));
    bytes_release(&expected);
}

void message_text_ended(struct message *message)
{
    message->end_written = true;
    message->is_void = !message->gave_last;
    if (message->is_void) { /* for nobody: whatever else stood there would be delivered */
        REQUIRE(message->received.n == 3 && message->accepted == 0);
        return;
    }
    struct bytes unstuffed = {.at = NULL};
    content_unstuff(&message->received, &unstuffed);
    check_received(message, &unstuffed);
    bytes_release(&unstuffed);
}

void message_chunks_ended(struct message *message)
{
    message->end_written = true;
    REQUIRE(message->gave_last);
    if (!is_vouched_for(message)) {
        check_received(message, &message->received);
        return;
    }
    const struct bytes *lent = &message->lent;
    if (lent->n == 0 || lent->at[lent->n - 1] != '\n')
        bytes_add(&message->lent, "\r\n", 2);
    REQUIRE(bytes_equal(&message->received, lent));
}

/* ---- What may be said of it ------------------------------------------------------------------ */

static bool is_success(int code)
{
    return code / 100 == 2;
}

bool message_may_have_content(const struct message *message)
{
    if (!message->has_envelope)
        return true;
    return is_success(message->mail_code) && message->accepted > 0 &&
           message->accepted + message->refused == message->envelope.recipient_count &&
           (message->envelope.policy == PH_RCPT_ANY || message->refused == 0);
}

bool message_is_blind(const struct message *message)
{
    return message->is_repeatable &&
           (message->envelope.policy == PH_RCPT_ANY || message->envelope.recipient_count == 1);
}

/* @return the reply takes the message or refuses it; a second 354, say, does not */
static bool is_word_on_message(int code)
{
    return is_success(code) || code / 100 == 4 || code / 100 == 5;
}

bool message_awaits_end(const struct message *message)
{
    return message->end_written && !message->is_void && !is_word_on_message(message->end_code);
}

/* @return the server took the content to its end, whatever it had said of the envelope */
static bool was_taken(const struct message *message)
{
    return message->end_written && !message->is_void && is_success(message->end_code);
}

static void check_outcome(const struct message *message)
{
    const bool is_in_order =
        message_may_have_content(message) && !message->has_refused_chunk && !message->was_dismissed;
    switch (ph_result_outcome(message->result)) {
    case PH_OUTCOME_SENT:
        REQUIRE(was_taken(message) && is_in_order && message->gave_last);
        REQUIRE(ph_reply_is_success(ph_result_reply(message->result)));
        REQUIRE(ph_result_bytes(message->result) == message->received.n);
        break;
    case PH_OUTCOME_UNKNOWN:
        REQUIRE(message_awaits_end(message) || (was_taken(message) && !is_in_order));
        break;
    case PH_OUTCOME_NOT_SENT: /* nobody can have it */
        REQUIRE(!message_awaits_end(message));
        REQUIRE(!was_taken(message) || message->accepted == 0);
        break;
    }
}

static void check_recipients(const ph_result *result)
{
    size_t refused = 0;
    for (size_t i = 0; i < ph_result_recipient_count(result); i++) {
        const ph_reply *reply = ph_result_recipient_reply(result, i);
        const ph_recipient_state state = ph_result_recipient_state(result, i);
        REQUIRE((state == PH_RECIPIENT_NOT_TRIED) == !reply);
        REQUIRE((state == PH_RECIPIENT_ACCEPTED) == (reply && ph_reply_is_success(reply)));
        refused += state == PH_RECIPIENT_REFUSED ? 1 : 0;
    }
    REQUIRE(refused == ph_result_refused_count(result));
}

void message_check_done(const struct message *message, int status)
{
    const ph_error *error = ph_result_error(message->result);
    const ph_outcome outcome = ph_result_outcome(message->result);
    REQUIRE(!message_awaits_end(message));
    REQUIRE((outcome == PH_OUTCOME_SENT) == (status == PH_OK));
    REQUIRE((outcome == PH_OUTCOME_SENT) == !error);
    REQUIRE(!error || error->status == status);
    REQUIRE(!message->was_cancelled || status == PH_ERR_CANCELLED);
    check_outcome(message);
    check_recipients(message->result);
}

void message_check_failed(const struct message *message)
{
    const ph_error *error = ph_result_error(message->result);
    const ph_outcome outcome = ph_result_outcome(message->result);
    REQUIRE((outcome == PH_OUTCOME_SENT) == !error);
    REQUIRE(!error || error->outcome == outcome);
    REQUIRE(!message->was_cancelled || error->status == PH_ERR_CANCELLED);
    check_outcome(message);
    check_recipients(message->result);
}
