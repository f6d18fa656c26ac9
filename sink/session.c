/* SPDX-License-Identifier: MIT */
/* The frame of the receiving session: lines, delays, replies. */
#include "sink/session.h"

#include <string.h>

#include "sink/rules.h"

enum {
    line_max = 4096,
    login_line_max = 12288 + 2
};

void sink_session_begin(struct session *session, const struct ph_sink_options *options, FILE *out,
                        FILE *err)
{
    *session = (struct session){.options = options, .out = out, .err = err};
    session->mode = MODE_COMMANDS;
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
    session->user[0] = '\0';
    session->mode = MODE_COMMANDS;
}

/* Writes a reply of several lines: "250 a\nb" is "250-a", "250 b". */
static void append_lines(struct bytes *output, const char *reply)
{
    char code[4];
    (void)snprintf(code, sizeof code, "%.3s", reply);
    const char *text = strlen(reply) > 3 ? reply + 4 : "";
    for (;;) {
        const char *escaped = strstr(text, "\\n");
        const char *newline = strchr(text, '\n');
        const char *end = escaped && (!newline || escaped < newline) ? escaped : newline;
        const size_t n = end ? (size_t)(end - text) : strlen(text);
        sink_bytes_append_text(output, code);
        sink_bytes_append(output, end ? "-" : " ", 1);
        sink_bytes_append(output, text, n);
        sink_bytes_append(output, "\r\n", 2);
        if (!end)
            return;
        text = end + (end == escaped ? 2 : 1);
    }
}

/* Removes "x.y.z " where enhanced status codes are not offered. */
static const char *without_enhanced(const char *reply, char room[1024])
{
    const char *text = reply + 4;
    const size_t n = strspn(text, "0123456789.");
    if (strlen(reply) < 5 || n < 5 || text[n] != ' ' || text[1] != '.')
        return reply;
    (void)snprintf(room, 1024, "%.4s%s", reply, text + n + 1);
    return room;
}

void sink_session_reply(struct session *session, struct bytes *output, const char *command,
                        const char *reply)
{
    char room[1024];
    const char *ruled = sink_rules_reply(session->options, command);
    if (ruled)
        reply = ruled;
    else if (!sink_rules_offer(session->options, "ENHANCEDSTATUSCODES"))
        reply = without_enhanced(reply, room);
    append_lines(output, reply);
    if (strncmp(reply, "421", 3) == 0)
        session->next = SESSION_ENDS;
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
    const char *ruled = sink_rules_reply(session->options, "CONNECT");
    if (ruled && ruled[0] != '2')
        session->next = SESSION_ENDS;
    return session->next == SESSION_GOES_ON;
}

/* Takes one line. @return false if there is none yet, or it must wait */
static bool take_line(struct session *session, struct bytes *input, struct bytes *output)
{
    char name[16];
    const size_t max = session->mode == MODE_LOGIN ? login_line_max : line_max;
    char *end = input->length > 0 ? memchr(input->data, '\n', input->length) : NULL;
    if (!end && input->length <= login_line_max)
        return false;
    if (!end) { /* without end: nothing that follows could be trusted */
        sink_session_reply(session, output, "", "500 5.5.2 line too long");
        session->next = SESSION_ENDS;
        return false;
    }
    const size_t n = (size_t)(end - input->data);
    size_t length = n > 0 && input->data[n - 1] == '\r' ? n - 1 : n;
    input->data[length] = '\0';
    const bool is_auth = strncmp(sink_command_name(input->data, name), "AUTH", 4) == 0;
    if (session->mode == MODE_COMMANDS && is_held(session, name)) {
        input->data[length] = length < n ? '\r' : '\n'; /* it comes back whole */
        return false;
    }
    if (length > max && !(is_auth && length <= login_line_max))
        sink_session_reply(session, output, "", "500 5.5.2 line too long");
    else
        sink_command_take(session, input->data, output);
    sink_bytes_consume(input, n + 1);
    return true;
}

/* @return there may be more to take */
static bool take_some(struct session *session, struct bytes *input, struct bytes *output)
{
    if (session->mode == MODE_COMMANDS || session->mode == MODE_LOGIN)
        return take_line(session, input, output);
    const bool is_chunk = session->mode == MODE_CHUNK;
    const char *command = is_chunk ? "BDAT" : "BODY";
    if (!session->content_has_ended) {
        if (!is_chunk && input->length > 0 && sink_rules_drop(session->options, "BODY")) {
            session->next = SESSION_DROPS;
            return false;
        }
        session->content_has_ended = is_chunk ? sink_content_take_chunk(session, input)
                                              : sink_content_take_data(session, input);
        if (!session->content_has_ended)
            return false;
    }
    if (!is_chunk && is_held(session, command))
        return false;
    session->content_has_ended = false;
    sink_content_ended(session, output, command);
    return true;
}

enum session_next sink_session_take(struct session *session, struct bytes *input,
                                    struct bytes *output)
{
    session->next = SESSION_GOES_ON;
    if (!session->has_greeted && !greet(session, output))
        return session->next;
    while (session->next == SESSION_GOES_ON && take_some(session, input, output))
        continue;
    return session->next;
}
