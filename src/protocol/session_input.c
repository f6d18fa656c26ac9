/* SPDX-License-Identifier: MIT */
/*
 * What a session is told: replies, each for the command at the head of the queue, those that nobody
 * asked for, and the end. Replies are taken from where they were read; only what stands behind an
 * event is kept.
 */
#include <string.h>

#include "base/format.h"
#include "base/utf8.h"
#include "protocol/session_state.h"

static void trace_reply(const struct ph__session *session, bool is_secret)
{
    if (!session->config->trace || !session->config->trace->line)
        return;
    const ph_reply *reply = ph__reply_in(&session->reply);
    const char *line = ph_reply_message(reply);
    for (size_t i = 0; i < reply->line_count; i++, line += strlen(line) + 1) {
        char shown[1024];
        if (is_secret && !session->config->trace->shows_secrets)
            (void)ph__format(shown, sizeof shown, "%.3s <redacted>", line);
        else
            (void)ph__escape(shown, sizeof shown, line, strlen(line));
        session->config->trace->line(PH_TRACE_RECEIVED, shown, session->config->trace->user_data);
    }
}

/* A reply that answers nothing: the server gives up, or it and we no longer talk of the same. */
static void handle_unasked(struct ph__session *session)
{
    const ph_reply *reply = ph__reply_in(&session->reply);
    char text[300];
    (void)ph__escape(text, sizeof text, ph_reply_message(reply), strlen(ph_reply_message(reply)));
    if (ph__session_is_sending_content(session) && reply->code >= 400) {
        const struct ph__command *command = ph__session_queue_at(session, session->in_flight);
        session->has_reply = true;
        (void)ph__session_refused(session, command, reply);
        ph__error_add(&session->error, " (said before the message had ended)");
        if (reply->code != 421) {
            ph__session_break_for(session, ph__transaction_of(session, command));
            return;
        }
    } else if (reply->code == 421) {
        session->has_reply = true;
        (void)ph__error_set(&session->error, PH_ERR_SERVER_BUSY, PH_PHASE_NONE,
                            "%s ended the session: %s; start a new one", session->config->server,
                            text);
        ph__error_set_reply(&session->error, reply->code, ph_reply_enhanced_code(reply),
                            ph_reply_text(reply));
    } else {
        (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, ph__session_phase(session),
                            "%s sent a reply to nothing that was asked (%s); replies can no longer "
                            "be told apart, so the session ends",
                            session->config->server, text);
    }
    ph__session_break(session);
}

/* 421 is the server's last word: it closes, and takes nothing any more (RFC 5321 section 3.8). */
static void note_dismissal(struct ph__session *session, const struct ph__command *command,
                           const ph_reply *reply)
{
    if (reply->code == 421 && ph__transaction_owns(command))
        session->is_dismissed = true;
}

void ph__session_end_dismissed(struct ph__session *session)
{
    if (!session->is_dismissed || session->in_flight > 0 || session->state != PH__STATE_OPEN)
        return;
    (void)ph__error_set(&session->error, PH_ERR_CLOSED, PH_PHASE_NONE,
                        "%s ended the session by a reply 421, so nothing more was sent; start a "
                        "new one",
                        session->config->server);
    ph__session_break(session);
}

static void handle_reply(struct ph__session *session)
{
    session->reply_count++;
    if (session->in_flight == 0) {
        trace_reply(session, false);
        handle_unasked(session);
        return;
    }
    const struct ph__command command = ph__session_pop(session);
    const ph_phase phase = ph__command_row(&command)->phase;
    const ph_reply *reply = ph__reply_in(&session->reply);
    trace_reply(session,
                reply->code == 334 && (phase == PH_PHASE_AUTH || phase == PH_PHASE_COMMAND));
    session->has_reply = true;
    ph__transaction_popped(session, &command);
    note_dismissal(session, &command, reply);
    ph__command_row(&command)->answered(session, &command, reply);
    if (session->state == PH__STATE_OPEN && session->built_count == session->queue_count)
        ph__transactions_feed(session);
}

static void handle_malformed(struct ph__session *session)
{
    char line[200];
    (void)ph__escape(line, sizeof line, session->parser.line.bytes, session->parser.line.length);
    (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, ph__session_phase(session),
                        "%s sent %s (\"%s\"); check that an SMTP server listens there",
                        session->config->server, session->parser.problem, line);
    ph__session_break(session);
}

/* Takes one reply from the bytes, if there is a whole one. @return how many bytes were used */
static size_t parse(struct ph__session *session, const uint8_t *bytes, size_t n)
{
    size_t used;
    switch (ph__reply_parse(&session->parser, bytes, n, &session->reply, &used)) {
    case PH__PARSE_CONSUMED:
        handle_reply(session);
        break;
    case PH__PARSE_NEED_MORE:
        break;
    case PH__PARSE_MALFORMED:
        handle_malformed(session);
        break;
    case PH__PARSE_NO_MEMORY:
        ph__session_fail_without_memory(session);
        break;
    }
    return used;
}

static bool has_kept(const struct ph__session *session)
{
    return session->input_used < session->input.length;
}

/* Events are told one at a time: what stands behind one waits until it was taken. */
static bool may_parse(const struct ph__session *session)
{
    return session->state != PH__STATE_BROKEN && session->state != PH__STATE_AWAITING_TLS &&
           !ph__session_has_event(session);
}

static void parse_kept(struct ph__session *session)
{
    const struct ph__buffer *input = &session->input;
    session->input_used += (uint32_t)parse(session, input->bytes + session->input_used,
                                           input->length - session->input_used);
}

static void keep(struct ph__session *session, const uint8_t *bytes, size_t n)
{
    ph__buffer_consume(&session->input, session->input_used);
    session->input_used = 0;
    const int status = ph__buffer_append(&session->input, bytes, n);
    if (status == PH_ERR_NO_MEMORY) {
        ph__session_fail_without_memory(session);
    } else if (status != PH_OK) {
        (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, ph__session_phase(session),
                            "%s sends without end", session->config->server);
        ph__session_break(session);
    }
}

static void refuse_injection(struct ph__session *session)
{
    (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, PH_PHASE_STARTTLS,
                        "%s sent data between its reply to STARTTLS and the TLS handshake; "
                        "somebody on the way may be injecting it, so the session ends",
                        session->config->server);
    ph__session_break(session);
}

int ph__session_receive(struct ph__session *session, const void *bytes, size_t n)
{
    const uint8_t *input = bytes;
    size_t used = 0;
    while (has_kept(session) && may_parse(session))
        parse_kept(session);
    while (used < n && may_parse(session))
        used += parse(session, input + used, n - used);
    if (used < n && session->state == PH__STATE_AWAITING_TLS)
        refuse_injection(session);
    else if (used < n && session->state != PH__STATE_BROKEN)
        keep(session, input + used, n - used);
    return session->state == PH__STATE_BROKEN ? session->error.view->status : PH_OK;
}

void ph__session_refuse_leftovers(struct ph__session *session)
{
    while (session->state == PH__STATE_OPEN && has_kept(session))
        parse_kept(session);
    if (session->state == PH__STATE_BROKEN ||
        !ph__reply_parser_is_midway(&session->parser, &session->reply))
        return;
    (void)ph__error_set(&session->error, PH_ERR_PROTOCOL, PH_PHASE_NONE,
                        "%s sent a part of a reply to nothing that was asked; the session ends",
                        session->config->server);
    ph__session_break(session);
}

bool ph__session_next_event(struct ph__session *session, struct ph__event *event)
{
    while (has_kept(session) && may_parse(session))
        parse_kept(session);
    if (session->is_dismissed && !ph__session_has_event(session))
        ph__session_end_dismissed(session);
    if (!ph__session_has_event(session)) {
        *event = (struct ph__event){.type = PH__EVENT_NONE};
        return false;
    }
    ph__session_take_event(session, event);
    if (event->type == PH__EVENT_FAILED) /* a call in between may have told it already */
        event->status = session->error.view->status;
    return true;
}

void ph__session_end_of_input(struct ph__session *session)
{
    if (session->state == PH__STATE_BROKEN)
        return;
    const ph_phase phase = ph__session_phase(session);
    const bool is_midway = ph__reply_parser_is_midway(&session->parser, &session->reply);
    (void)ph__error_set(&session->error, PH_ERR_CLOSED, phase, "%s closed the connection%s%s",
                        session->config->server, is_midway ? " in the middle of a reply" : "",
                        phase == PH_PHASE_GREETING ? " instead of greeting" : "");
    ph__session_break(session);
}

void ph__session_fail(struct ph__session *session, const struct ph__error *error)
{
    if (session->state == PH__STATE_BROKEN)
        return;
    ph__error_copy(&session->error, error);
    ph__session_break(session);
}
