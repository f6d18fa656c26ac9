/* SPDX-License-Identifier: MIT */
/* What holds of every session, whatever server and caller do. */
#include "fuzz/session_rules.h"

#include <string.h>

#include <posthaste/error.h>

#include "fuzz/fuzz.h"

/* The secret as it is, and as PLAIN, LOGIN and XOAUTH2 (from its middle on) send it. */
static const char *const secrets[] = {RULES_SECRET, RULES_PLAIN, "VHIwdWI0ZG9yLWFuZC0z",
                                      "IFRyMHViNGRvci1hbmQtMwEB"};

void rules_init(struct session_rules *rules, const uint8_t *data, size_t size)
{
    *rules = (struct session_rules){.has_message = false};
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

bool rules_is_content_next(const struct ph__session *session)
{
    return ph__session_phase(session) == PH_PHASE_BODY && !ph__session_awaits_reply(session);
}

static void check_line_byte(struct session_rules *rules, uint8_t byte)
{
    REQUIRE((byte == '\n') == rules->ends_in_cr);
    REQUIRE(byte == '\r' || byte == '\n' || (byte >= 0x20 && byte != 0x7f));
    rules->ends_in_cr = byte == '\r';
}

/* The tail begins as if a line end had been there, since a dot alone can be all there is. */
static void check_content_byte(struct session_rules *rules, uint8_t byte)
{
    REQUIRE(!rules->end_was_written); /* nothing comes behind the end */
    REQUIRE((byte == '\n') == (rules->tail[4] == '\r'));
    REQUIRE(rules->type == PH_BODY_UNDECLARED || byte != '\0');
    REQUIRE(rules->type != PH_BODY_7BIT || byte < 0x80);
    memmove(rules->tail, rules->tail + 1, 4);
    rules->tail[4] = byte;
    rules->n_content++;
    rules->end_was_written = memcmp(rules->tail, "\r\n.\r\n", 5) == 0;
}

void rules_output(struct session_rules *rules, const uint8_t *bytes, size_t n, bool is_content,
                  const ph_result *result)
{
    REQUIRE(n > 0 && !rules->was_broken);
    for (size_t i = 0; i < n; i++) {
        if (is_content)
            check_content_byte(rules, bytes[i]);
        else
            check_line_byte(rules, bytes[i]);
    }
    REQUIRE(!is_content || rules->has_message);
    const bool is_dot_alone = rules->end_was_written && !rules->gave_last;
    REQUIRE(!is_dot_alone || (rules->n_content == 3 && result->accepted_count == 0));
}

void rules_submitted(struct session_rules *rules, int status)
{
    REQUIRE(status == PH_OK || status < 0);
    REQUIRE(status != PH_OK || (!rules->has_operation && !rules->was_broken));
    REQUIRE(status == PH_ERR_BROKEN || !rules->was_broken || status == PH_ERR_ARGUMENT);
    if (status == PH_OK)
        rules->has_operation = true;
}

void rules_message_begun(struct session_rules *rules, bool is_under_way, ph_body_type type)
{
    rules->type = type;
    rules->has_message = is_under_way;
    rules->gave_last = false;
    rules->n_content = 0;
    rules->end_was_written = false;
    memcpy(rules->tail, "???\r\n", 5);
}

static bool was_ended(const struct session_rules *rules)
{
    return rules->end_was_written && rules->gave_last;
}

static void check_message_done(const struct session_rules *rules, int status,
                               const ph_result *result)
{
    const ph_reply *reply = ph_result_reply(result);
    const bool is_sent = ph_result_outcome(result) == PH_OUTCOME_SENT;
    REQUIRE(ph_result_outcome(result) != PH_OUTCOME_UNKNOWN);
    REQUIRE(is_sent == (status == PH_OK));
    REQUIRE(is_sent == !ph_result_error(result));
    REQUIRE(!is_sent || (was_ended(rules) && reply && ph_reply_is_success(reply)));
    REQUIRE(!reply || was_ended(rules));
    REQUIRE(status == PH_OK || ph_result_error(result)->status == status);
}

static void check_message_failed(const struct session_rules *rules, const ph_result *result)
{
    REQUIRE(ph_result_outcome(result) ==
            (was_ended(rules) ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_NOT_SENT));
    REQUIRE(ph_result_error(result));
    REQUIRE(ph_result_error(result)->outcome == ph_result_outcome(result));
}

void rules_event(struct session_rules *rules, const struct ph__session *session,
                 const struct ph__event *event, const ph_result *result)
{
    const ph_error *error = &ph__session_error(session)->view;
    REQUIRE(!rules->was_broken);
    /* A call out of turn may have left an error beside a success, and one that found the session
     * broken before its failure was pulled tells of that. */
    REQUIRE(event->status <= PH_OK);
    REQUIRE(event->status == PH_OK || error->status == event->status ||
            (event->type == PH__EVENT_FAILED && error->status == PH_ERR_BROKEN));
    rules_text(rules, error->message);
    rules_text(rules, error->command);
    rules_text(rules, error->reply_text);
    if (event->type == PH__EVENT_START_TLS) {
        REQUIRE(rules->has_operation && event->status == PH_OK);
        return;
    }
    if (event->type == PH__EVENT_FAILED) {
        rules->was_broken = true;
        REQUIRE(event->status != PH_OK && ph__session_is_broken(session));
    } else {
        REQUIRE(rules->has_operation);
        REQUIRE((event->type == PH__EVENT_MESSAGE_DONE) == rules->has_message);
    }
    if (event->type == PH__EVENT_MESSAGE_DONE)
        check_message_done(rules, event->status, result);
    else if (rules->has_message)
        check_message_failed(rules, result);
    rules->has_operation = false;
    rules->has_message = false;
}

void rules_between(struct session_rules *rules, const struct ph__session *session)
{
    const char *notice = ph__session_notice(session);
    const ph_reply *reply = ph__session_reply(session);
    rules_text(rules, notice);
    REQUIRE(!reply || ph_reply_code(reply) >= 100);
    REQUIRE(!ph__session_wants_content(session) || rules->has_message);
    if (ph__session_is_broken(session)) {
        REQUIRE(!ph__session_awaits_reply(session));
        REQUIRE(ph__session_error(session)->view.status != PH_OK);
    }
}

void rules_result(const struct session_rules *rules, const ph_result *result)
{
    const ph_error *error = ph_result_error(result);
    size_t refused = 0;
    if (error) {
        rules_text(rules, error->message);
        rules_text(rules, error->reply_text);
        rules_text(rules, error->command);
    }
    for (size_t i = 0; i < ph_result_recipient_count(result); i++) {
        const ph_reply *reply = ph_result_recipient_reply(result, i);
        const ph_recipient_state state = ph_result_recipient_state(result, i);
        REQUIRE((state == PH_RECIPIENT_NOT_TRIED) == !reply);
        REQUIRE((state == PH_RECIPIENT_ACCEPTED) == (reply && ph_reply_is_success(reply)));
        refused += state == PH_RECIPIENT_REFUSED ? 1 : 0;
    }
    REQUIRE(refused == ph_result_refused_count(result));
    REQUIRE(ph_result_bytes(result) == rules->n_content);
}
