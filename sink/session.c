/* SPDX-License-Identifier: MIT */
/* The frame of the receiving session: lines, replies, and the rules that hold or drop a client. */
#include "sink/session.h"

#include <stdio.h>
#include <string.h>

#include "sink/rules.h"

enum {
    line_max = 4096,
    login_line_max = 12288 /* RFC 4954 section 4 */
};

void sink_session_begin(struct session *session, const struct common *common)
{
    *session =
        (struct session){.common = common, .options = common->options, .mode = MODE_COMMANDS};
}

void sink_session_release(struct session *session)
{
    sink_login_free(session->login);
    sink_message_free(&session->message);
}

void sink_session_reset(struct session *session)
{
    sink_message_clear(&session->message);
    session->has_mail = false;
    session->is_too_large = false;
    session->had_chunks = false;
}

void sink_session_secured(struct session *session, const char *version)
{
    sink_session_reset(session);
    session->tls = version;
    session->helo[0] = '\0';
    session->is_esmtp = false;
    session->user[0] = '\0';
    session->mode = MODE_COMMANDS;
}

/* ---- Replies --------------------------------------------------------------------------------- */

/* @return how long the enhanced status code before the text is, with its blank; 0 without one */
static size_t enhanced_length(const char *text)
{
    const size_t n = strspn(text, "0123456789.");
    return n >= 5 && text[1] == '.' && text[n] == ' ' ? n + 1 : 0;
}

/* Writes the lines of a reply of the sink's own: "250 a\nb" is "250-a", "250 b". */
static void append_own(struct bytes *output, const char *reply, bool with_enhanced)
{
    const char *text = reply + 4;
    for (;;) {
        const char *end = strchr(text, '\n');
        text += with_enhanced ? 0 : enhanced_length(text);
        sink_bytes_append(output, reply, 3);
        sink_bytes_append(output, end ? "-" : " ", 1);
        sink_bytes_append(output, text, end ? (size_t)(end - text) : strlen(text));
        sink_bytes_append(output, "\r\n", 2);
        if (!end)
            return;
        text = end + 1;
    }
}

/* @return where the line ends, its "\n" written as one character or as two; NULL: it is the last */
static const char *end_of_ruled(const char *text, size_t *width)
{
    const char *escaped = strstr(text, "\\n");
    const char *newline = strchr(text, '\n');
    const bool is_escaped = escaped && (!newline || escaped < newline);
    *width = is_escaped ? 2 : 1;
    return is_escaped ? escaped : newline;
}

/* Writes a reply that somebody gave with --fail; its lines may repeat the code, as on the wire. */
static void append_ruled(struct bytes *output, const char *reply)
{
    const char *text = reply;
    for (;;) {
        size_t width;
        const char *end = end_of_ruled(text, &width);
        size_t n = end ? (size_t)(end - text) : strlen(text);
        const bool has_code =
            n >= 3 && strncmp(text, reply, 3) == 0 && (n == 3 || text[3] == ' ' || text[3] == '-');
        const size_t skipped = !has_code ? 0 : n == 3 ? 3 : 4;
        sink_bytes_append(output, reply, 3);
        sink_bytes_append(output, end ? "-" : " ", 1);
        sink_bytes_append(output, text + skipped, n - skipped);
        sink_bytes_append(output, "\r\n", 2);
        if (!end)
            return;
        text = end + width;
    }
}

static void end_if_421(struct session *session, const char *reply)
{
    if (strncmp(reply, "421", 3) == 0)
        session->next = SESSION_ENDS;
}

void sink_session_problem(struct session *session, struct bytes *output, const char *reply)
{
    append_own(output, reply, sink_rules_offer(session->options, "ENHANCEDSTATUSCODES"));
    end_if_421(session, reply);
}

void sink_session_reply(struct session *session, struct bytes *output, const char *command,
                        const char *reply)
{
    const char *ruled = sink_rules_reply(session->options, command);
    if (!ruled) {
        sink_session_problem(session, output, reply);
        return;
    }
    append_ruled(output, ruled);
    end_if_421(session, ruled);
}

/* ---- Delays and drops ------------------------------------------------------------------------ */

/* @return the command is not to be taken now */
static bool is_held(struct session *session, const char *command)
{
    const unsigned delay_ms = sink_rules_delay_ms(session->options, command);
    if (delay_ms > 0 && !session->has_waited) {
        session->has_waited = true;
        session->delay_ms = delay_ms;
        session->next = SESSION_WAITS;
        return true;
    }
    session->has_waited = false;
    if (sink_rules_drop(session->options, command)) {
        session->next = SESSION_DROPS;
        return true;
    }
    return false;
}

/* ---- Input ----------------------------------------------------------------------------------- */

static bool greet(struct session *session, struct bytes *output)
{
    if (is_held(session, "CONNECT"))
        return false;
    sink_session_reply(session, output, "CONNECT", "220 posthaste-sink ESMTP");
    session->has_greeted = true;
    if (sink_rules_refuse(session->options, "CONNECT"))
        session->next = SESSION_ENDS;
    return session->next == SESSION_GOES_ON;
}

static bool has_control(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)line[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* What is wrong with a line, whatever it says. @return the reply, or NULL */
static const char *line_problem(const struct session *session, const char *line, size_t n)
{
    char name[16];
    const bool is_auth =
        session->mode == MODE_LOGIN || strcmp(sink_command_name(line, name), "AUTH") == 0;
    if (session->skips_line || n > (size_t)(is_auth ? login_line_max : line_max))
        return "500 5.5.2 line too long";
    if (has_control(line, n))
        return "500 5.5.2 control characters belong into no command";
    return NULL;
}

/* A line without end: remembered to be too long, not kept. */
static bool wait_for_end(struct session *session, struct span *input)
{
    if (session->skips_line || input->length > login_line_max + 1) {
        session->skips_line = true;
        sink_span_take(input, input->length);
    }
    return false;
}

/* Handles one whole line that is ended by NUL. @return false if it must come again, later */
static bool handle_line(struct session *session, char *line, size_t n, struct bytes *output)
{
    char name[16];
    const char *problem = line_problem(session, line, n);
    if (problem) {
        if (session->mode == MODE_LOGIN)
            sink_auth_abandon(session);
        session->skips_line = false;
        sink_session_problem(session, output, problem);
        return true;
    }
    if (session->mode == MODE_LOGIN) {
        sink_auth_respond(session, line, output);
        return true;
    }
    if (is_held(session, sink_command_name(line, name)))
        return false;
    sink_command_take(session, line, output);
    return true;
}

/* @return false if there is no whole line yet, or it must come again */
static bool take_line(struct session *session, struct span *input, struct bytes *output)
{
    char *line = input->data;
    char *lf = input->length > 0 ? memchr(line, '\n', input->length) : NULL;
    if (!lf)
        return wait_for_end(session, input);
    char *end = lf > line && lf[-1] == '\r' ? lf - 1 : lf;
    const char first_of_end = *end;
    *end = '\0';
    if (!handle_line(session, line, (size_t)(end - line), output)) {
        *end = first_of_end;
        return false;
    }
    sink_span_take(input, (size_t)(lf - line) + 1);
    return true;
}

static bool take_content(struct session *session, struct span *input, struct bytes *output)
{
    if (input->length > 0 && sink_rules_drop(session->options, "BODY")) {
        session->next = SESSION_DROPS;
        return false;
    }
    if (!session->content_has_ended)
        session->content_has_ended = sink_content_take(session, input);
    if (!session->content_has_ended || (sink_content_is_last(session) && is_held(session, "BODY")))
        return false;
    session->content_has_ended = false;
    sink_content_ended(session, output);
    return true;
}

enum session_next sink_session_take(struct session *session, struct span *input,
                                    struct bytes *output)
{
    bool may_go_on = true;
    session->next = SESSION_GOES_ON;
    if (!session->has_greeted && !greet(session, output))
        return session->next;
    while (may_go_on && session->next == SESSION_GOES_ON) {
        switch (session->mode) {
        case MODE_COMMANDS:
        case MODE_LOGIN:
            may_go_on = take_line(session, input, output);
            break;
        case MODE_CONTENT:
        case MODE_CHUNK:
            may_go_on = take_content(session, input, output);
            break;
        }
    }
    return session->next;
}
