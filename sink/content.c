/* SPDX-License-Identifier: MIT */
/*
 * DATA and BDAT, and the content behind them: ended by CRLF . CRLF and by nothing else (RFC 5321
 * section 4.1.1.4), or in chunks (RFC 3030). What nobody keeps is scanned, not copied.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sink/rules.h"
#include "sink/verbs.h"

/* ---- Commands -------------------------------------------------------------------------------- */

void sink_data(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    if (session->had_chunks) {
        sink_session_problem(session, output, "503 5.5.1 go on with BDAT");
    } else if (session->message.recipient_count == 0) {
        sink_session_problem(session, output, "503 5.5.1 no valid recipients");
    } else {
        sink_session_reply(session, output, "DATA", "354 end with <CRLF>.<CRLF>");
        if (sink_rules_refuse(session->options, "DATA"))
            return;
        session->mode = MODE_CONTENT;
        session->is_line_start = true;
        session->last_was_cr = false;
    }
}

static const char *chunk_refusal(const struct session *session)
{
    if (session->message.recipient_count == 0)
        return "503 5.5.1 no valid recipients, chunk discarded";
    if (session->is_too_large)
        return "552 5.3.4 message is too large, chunk discarded";
    return NULL;
}

/* Reads "SIZE [LAST]". */
static bool read_chunk_size(const char *argument, unsigned long long *size, bool *is_last)
{
    char *end;
    errno = 0;
    *size = strtoull(argument, &end, 10);
    *is_last = strcasecmp(end, " LAST") == 0;
    return isdigit((unsigned char)*argument) && errno == 0 && *size <= SIZE_MAX &&
           (*end == '\0' || *is_last);
}

void sink_bdat(struct session *session, char *argument, struct bytes *output)
{
    unsigned long long size;
    bool is_last;
    if (!sink_rules_offer(session->options, "CHUNKING")) {
        sink_session_problem(session, output, "502 5.5.1 BDAT is not offered");
        return;
    }
    if (!read_chunk_size(argument, &size, &is_last)) {
        /* How long the chunk is, nobody knows now: whatever follows would be misread. */
        sink_session_problem(session, output, "501 5.5.4 syntax is BDAT size [LAST]");
        session->next = SESSION_ENDS;
        return;
    }
    session->chunk_left = (size_t)size;
    session->chunk_is_last = is_last;
    session->chunk_refusal = chunk_refusal(session);
    session->had_chunks = session->has_mail;
    session->mode = MODE_CHUNK;
}

/* ---- Taking ---------------------------------------------------------------------------------- */

static void take(struct session *session, const char *data, size_t n)
{
    struct message *message = &session->message;
    const size_t max = session->options->size;
    message->content_length += n;
    if (max > 0 && message->content_length > max) {
        session->is_too_large = true;
        sink_spool_clear(&message->content);
    } else if (sink_message_is_kept(session->options)) {
        sink_spool_append(&message->content, data, n);
    }
}

/* What a line is, by its first characters. */
enum dot {
    DOT_NONE,
    DOT_STUFFED,
    DOT_END,
    DOT_UNDECIDED
};

static enum dot look_at_dot(const char *line, size_t n)
{
    if (line[0] != '.')
        return DOT_NONE;
    if (n >= 2 && line[1] != '\r')
        return DOT_STUFFED;
    if (n < 3)
        return DOT_UNDECIDED;
    return line[2] == '\n' ? DOT_END : DOT_STUFFED;
}

/* @return where the line ends that goes on at @p at: behind its LF, or at @p n */
static size_t pass_line(struct session *session, const char *data, size_t at, size_t n)
{
    const char *lf = memchr(data + at, '\n', n - at);
    const size_t end = lf ? (size_t)(lf - data) + 1 : n;
    const bool follows_cr = lf > data + at ? lf[-1] == '\r' : session->last_was_cr;
    session->is_line_start = lf && follows_cr;
    session->last_was_cr = data[end - 1] == '\r';
    return end;
}

/* Takes what lies between the dots that are not content, as few times as that goes. */
static bool take_data(struct session *session, struct span *input)
{
    const char *data = input->data;
    const size_t n = input->length;
    enum dot dot = DOT_NONE;
    size_t taken = 0;
    size_t at = 0;
    while (at < n) {
        dot = session->is_line_start ? look_at_dot(data + at, n - at) : DOT_NONE;
        if (dot == DOT_END || dot == DOT_UNDECIDED)
            break;
        if (dot == DOT_STUFFED) {
            take(session, data + taken, at - taken);
            taken = ++at;
        }
        at = pass_line(session, data, at, n);
    }
    take(session, data + taken, at - taken);
    sink_span_take(input, dot == DOT_END ? at + 3 : at);
    return dot == DOT_END;
}

static bool take_chunk(struct session *session, struct span *input)
{
    const size_t n = input->length < session->chunk_left ? input->length : session->chunk_left;
    if (n > 0 && !session->chunk_refusal)
        take(session, input->data, n);
    sink_span_take(input, n);
    session->chunk_left -= n;
    return session->chunk_left == 0;
}

bool sink_content_take(struct session *session, struct span *input)
{
    return session->mode == MODE_CHUNK ? take_chunk(session, input) : take_data(session, input);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void deliver(struct session *session, struct bytes *output, const char *command)
{
    const struct client_facts facts = {
        .helo = session->helo,
        .user = session->user[0] != '\0' ? session->user : NULL,
        .is_esmtp = session->is_esmtp,
        .tls = session->tls,
    };
    if (sink_rules_refuse(session->options, command)) {
        sink_session_reply(session, output, command, "");
    } else if (session->is_too_large) {
        sink_session_problem(session, output, "552 5.3.4 message is too large");
    } else if (sink_message_deliver(&session->message, &facts, session->common)) {
        session->delivered++;
        sink_session_reply(session, output, command, "250 2.0.0 message accepted");
    } else {
        sink_session_problem(session, output, "452 4.3.1 message cannot be kept");
    }
    sink_session_reset(session);
}

bool sink_content_is_last(const struct session *session)
{
    return session->mode == MODE_CONTENT || session->chunk_is_last;
}

static void answer_chunk(struct session *session, struct bytes *output)
{
    if (session->chunk_refusal)
        sink_session_problem(session, output, session->chunk_refusal);
    else if (!sink_rules_refuse(session->options, "BDAT") && session->is_too_large)
        sink_session_problem(session, output, "552 5.3.4 message is too large");
    else
        sink_session_reply(session, output, "BDAT", "250 2.0.0 chunk taken");
}

void sink_content_ended(struct session *session, struct bytes *output)
{
    const bool is_chunk = session->mode == MODE_CHUNK;
    const bool is_last = sink_content_is_last(session);
    const bool has_rule = sink_rules_reply(session->options, "BODY") != NULL;
    session->mode = MODE_COMMANDS;
    if (is_last && (!is_chunk || !session->chunk_refusal)) {
        deliver(session, output, is_chunk && !has_rule ? "BDAT" : "BODY");
        return;
    }
    answer_chunk(session, output);
    if (is_last)
        sink_session_reset(session);
}
