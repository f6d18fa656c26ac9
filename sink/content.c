/* SPDX-License-Identifier: MIT */
/*
 * The content of a message, behind DATA (its end is CRLF . CRLF and nothing else, RFC 5321
 * section 4.1.1.4) or in chunks (RFC 3030). What nobody keeps is scanned, not copied.
 */
#include <stdlib.h>
#include <string.h>

#include "sink/rules.h"
#include "sink/session.h"

static void take(struct session *session, const char *data, size_t n)
{
    struct message *message = &session->message;
    message->content_length += n;
    if (session->options->size > 0 && message->content_length > session->options->size) {
        session->is_too_large = true;
        message->content.length = 0;
    } else if (sink_message_is_kept(session->options)) {
        sink_bytes_append(&message->content, data, n);
    }
}

/* What a line that begins with a dot is. */
enum dot {
    DOT_NONE,
    DOT_STUFFED,
    DOT_END,
    DOT_UNDECIDED
};

static enum dot look_at_dot(const char *line, size_t n)
{
    if (n == 0 || line[0] != '.')
        return DOT_NONE;
    if (n >= 2 && line[1] != '\r')
        return DOT_STUFFED;
    if (n < 3)
        return DOT_UNDECIDED;
    return line[2] == '\n' ? DOT_END : DOT_STUFFED;
}

/* Takes a line, or the part of it that is there. @return how much was taken */
static size_t take_line(struct session *session, const char *line, size_t n)
{
    const char *lf = memchr(line, '\n', n);
    const size_t taken = lf ? (size_t)(lf - line) + 1 : n;
    const bool follows_cr = lf > line ? lf[-1] == '\r' : session->last_was_cr;
    session->is_line_start = lf && follows_cr;
    session->last_was_cr = line[taken - 1] == '\r';
    take(session, line, taken);
    return taken;
}

bool sink_content_take_data(struct session *session, struct bytes *input)
{
    size_t at = 0;
    bool has_ended = false;
    while (at < input->length && !has_ended) {
        const char *line = input->data + at;
        const enum dot dot =
            session->is_line_start ? look_at_dot(line, input->length - at) : DOT_NONE;
        if (dot == DOT_UNDECIDED)
            break;
        has_ended = dot == DOT_END;
        if (has_ended) {
            at += 3;
            break;
        }
        at += dot == DOT_STUFFED;
        session->is_line_start = false;
        at += take_line(session, input->data + at, input->length - at);
    }
    sink_bytes_consume(input, at);
    return has_ended;
}

bool sink_content_take_chunk(struct session *session, struct bytes *input)
{
    const size_t n = input->length < session->chunk_left ? input->length : session->chunk_left;
    if (n > 0 && !session->chunk_is_refused)
        take(session, input->data, n);
    sink_bytes_consume(input, n);
    session->chunk_left -= n;
    return session->chunk_left == 0;
}

static void deliver(struct session *session, struct bytes *output, const char *command)
{
    const struct client_facts facts = {
        .helo = session->helo,
        .user = session->user[0] != '\0' ? session->user : NULL,
        .is_esmtp = session->is_esmtp,
        .tls = session->tls,
    };
    const char *ruled = sink_rules_reply(session->options, command);
    if (ruled && ruled[0] != '2') {
        sink_session_reply(session, output, command, "");
    } else if (session->is_too_large) {
        sink_session_reply(session, output, "", "552 5.3.4 message is too large");
    } else if (sink_message_deliver(&session->message, &facts, session->options, session->out,
                                    session->err)) {
        session->delivered++;
        sink_session_reply(session, output, command, "250 2.0.0 message accepted");
    } else {
        sink_session_reply(session, output, "", "452 4.3.1 message cannot be kept");
    }
    sink_session_reset(session);
}

void sink_content_ended(struct session *session, struct bytes *output, const char *command)
{
    const bool was_chunk = session->mode == MODE_CHUNK;
    session->mode = MODE_COMMANDS;
    if (!was_chunk || (!session->chunk_is_refused && session->chunk_is_last))
        deliver(session, output, command);
    else if (session->chunk_is_refused)
        sink_session_reply(session, output, "", "503 5.5.1 no valid recipients, chunk discarded");
    else
        sink_session_reply(session, output, "BDAT", "250 2.0.0 chunk taken");
}
