/* SPDX-License-Identifier: MIT */
/* What holds of the events, texts and answers of every session. */
#include "fuzz/session_rules.h"

#include <string.h>

#include <posthaste/error.h>

#include "fuzz/fuzz.h"

/* The secret as it is, and as PLAIN, LOGIN and XOAUTH2 (from its middle on) send it. */
static const char *const secrets[] = {RULES_SECRET, RULES_PLAIN, "VHIwdWI0ZG9yLWFuZC0z",
                                      "IFRyMHViNGRvci1hbmQtMwEB"};

void rules_init(struct session_rules *rules, struct wire *wire, const uint8_t *data, size_t size)
{
    *rules = (struct session_rules){.wire = wire};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (fuzz_contains(data, size, secrets[i]))
            rules->input_has_secret = true;
    }
}

void rules_text(const struct session_rules *rules, const char *text)
{
    if (!text)
        return;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        REQUIRE(rules->input_has_secret || !fuzz_contains(text, strlen(text), secrets[i]));
    for (; *text != '\0'; text++) /* LF joins the lines of a reply */
        REQUIRE(((unsigned char)*text >= 0x20 && *text != 0x7f) || *text == '\n');
}

void rules_error(const struct session_rules *rules, const ph_error *error)
{
    if (!error)
        return;
    rules_text(rules, error->message);
    rules_text(rules, error->command);
    rules_text(rules, error->reply_text);
}

/* ---- Submitting ------------------------------------------------------------------------------ */

void rules_submitted(struct session_rules *rules, int status)
{
    REQUIRE(status <= PH_OK);
    REQUIRE(status != PH_OK || (!rules->has_operation && !rules->was_broken));
    REQUIRE(status != PH_OK || wire_unfinished(rules->wire) == 0);
    REQUIRE(status == PH_ERR_BROKEN || !rules->was_broken || status == PH_ERR_ARGUMENT);
    if (status == PH_OK)
        rules->has_operation = true;
}

/* @return messages may be under way at once */
static size_t room(const struct wire *wire)
{
    return wire->settings.window > 2 ? wire->settings.window : 2;
}

void rules_message_submitted(struct session_rules *rules, int status)
{
    struct wire *wire = rules->wire;
    struct message *message = &wire->messages[wire->count - 1];
    REQUIRE(ph_result_outcome(message->result) == PH_OUTCOME_NOT_SENT);
    REQUIRE(status <= PH_OK && (status == PH_OK) == !ph_result_error(message->result));
    REQUIRE(!rules->was_broken || status == PH_ERR_BROKEN);
    if (status == PH_OK) {
        REQUIRE(!rules->has_operation && !rules->was_broken);
        REQUIRE(wire_unfinished(wire) <= room(wire));
        return;
    }
    REQUIRE((status == PH_ERR_FULL) == (wire_unfinished(wire) > room(wire)) ||
            status == PH_ERR_BROKEN || !message->has_envelope);
    message_release(message);
    wire->count--;
}

/* ---- Events ---------------------------------------------------------------------------------- */

/* What the input holds are lines of the server, so that no step brings more than one reply. */
void rules_fed(struct session_rules *rules, const struct ph__session *session)
{
    const uint64_t count = ph__session_reply_count(session);
    const ph_reply *reply = ph__session_reply(session);
    if (count == rules->replies)
        return;
    REQUIRE(++rules->replies == count);
    if (!wire_answered(rules->wire, reply ? ph_reply_code(reply) : 0))
        REQUIRE(ph__session_is_broken(session)); /* nothing was asked */
    else
        REQUIRE(reply || ph__session_is_broken(session));
}

static void end_message(struct session_rules *rules, struct message *message)
{
    rules_error(rules, ph_result_error(message->result));
    message->is_done = true;
    message_release(message);
    rules->wire->done++;
}

static void message_done(struct session_rules *rules, const struct ph__event *event)
{
    struct message *message = &rules->wire->messages[rules->wire->done];
    REQUIRE(wire_unfinished(rules->wire) > 0);
    REQUIRE(event->tag == (message->has_envelope ? message : NULL));
    message_check_done(message, event->status);
    end_message(rules, message);
}

static void failed(struct session_rules *rules, const struct ph__session *session,
                   const struct ph__event *event)
{
    rules->was_broken = true;
    REQUIRE(event->status != PH_OK && ph__session_is_broken(session));
    while (wire_unfinished(rules->wire) > 0) {
        struct message *message = &rules->wire->messages[rules->wire->done];
        message_check_failed(message);
        end_message(rules, message);
    }
}

void rules_event(struct session_rules *rules, const struct ph__session *session,
                 const struct ph__event *event)
{
    const ph_error *error = ph__session_error(session)->view;
    REQUIRE(!rules->was_broken);
    /* A call out of turn may have left an error beside a success, and one that found the session
     * broken before its failure was pulled tells of that. A message's own error is in its result,
     * since the session's may be about its breaking already. */
    REQUIRE(event->status <= PH_OK);
    REQUIRE(event->status == PH_OK || error->status == event->status ||
            (event->type == PH__EVENT_FAILED && error->status == PH_ERR_BROKEN) ||
            (event->type == PH__EVENT_MESSAGE_DONE && ph__session_is_broken(session)));
    rules_error(rules, error);
    if (event->type == PH__EVENT_START_TLS) {
        REQUIRE(rules->has_operation && event->status == PH_OK);
        return;
    }
    if (event->type == PH__EVENT_MESSAGE_DONE) {
        message_done(rules, event);
        return;
    }
    if (event->type == PH__EVENT_FAILED)
        failed(rules, session, event);
    else
        REQUIRE(rules->has_operation);
    rules->has_operation = false;
}

void rules_all_written(const struct session_rules *rules, const struct ph__session *session)
{
    if (wire_unfinished(rules->wire) > 0)
        REQUIRE(ph__session_awaits_reply(session) || ph__session_wants_content(session));
}

void rules_between(struct session_rules *rules, const struct ph__session *session)
{
    const ph_reply *reply = ph__session_reply(session);
    rules_text(rules, ph__session_notice(session));
    REQUIRE(!reply || ph_reply_code(reply) >= 100);
    REQUIRE(!ph__session_wants_content(session) || wire_unfinished(rules->wire) > 0);
    if (ph__session_is_broken(session)) {
        REQUIRE(!ph__session_awaits_reply(session));
        REQUIRE(ph__session_error(session)->view->status != PH_OK);
    }
}
