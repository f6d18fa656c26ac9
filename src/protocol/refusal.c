/* SPDX-License-Identifier: MIT */
/*
 * What is recorded when a server refuses a command: the class of the reply, the command, the
 * reply, and a sentence that names who refused what and why.
 */
#include <string.h>

#include "base/format.h"
#include "base/utf8.h"
#include "protocol/command_line.h"
#include "protocol/session_state.h"

enum {
    mailbox_room = 280,
    reply_room = 400
};

/* The reply on one line: its code once, then the text of each line. */
static void reply_on_one_line(char *out, size_t room, const ph_reply *reply)
{
    size_t used = ph__format(out, room, "%d", reply->code);
    for (size_t i = 0; i < reply->line_count && used + 2 < room; i++) {
        const char *line = ph_reply_line(reply, i);
        out[used++] = ' ';
        used += ph__escape(out + used, room - used, line, strlen(line));
    }
    out[used] = '\0';
}

static const char *shown_mailbox(const ph_address *address, char room[mailbox_room])
{
    const char *mailbox = address ? ph_address_mailbox(address) : "";
    room[0] = '<';
    const size_t n = ph__escape(room + 1, mailbox_room - 2, mailbox, strlen(mailbox));
    memcpy(room + 1 + n, ">", 2);
    return room;
}

static const ph_address *address_of(const struct ph__session *session,
                                    const struct ph__command *command)
{
    if (command->kind == PH__CMD_RCPT)
        return ph__transaction_of(session, command)->envelope->recipients[command->recipient];
    if (command->kind == PH__CMD_MAIL)
        return ph__transaction_of(session, command)->envelope->from;
    return session->single;
}

/* What was refused, as the object of "refused". */
static const char *what(struct ph__session *session, const struct ph__command *command, char *room,
                        size_t size)
{
    char mailbox[mailbox_room];
    const ph_phase phase = ph__command_row(command)->phase;
    const char *verb = ph__command_row(command)->verb;
    if (phase == PH_PHASE_GREETING)
        return "the session";
    if (phase == PH_PHASE_BODY)
        return "the message";
    if (phase == PH_PHASE_DATA)
        return "to take a message";
    if (phase == PH_PHASE_MAIL || phase == PH_PHASE_RCPT)
        (void)ph__format(room, size, "the %s %s", phase == PH_PHASE_MAIL ? "sender" : "recipient",
                         shown_mailbox(address_of(session, command), mailbox));
    else if (phase == PH_PHASE_AUTH)
        (void)ph__format(room, size, "the login by %s", session->exchange->name);
    else
        (void)ph__format(room, size, "%s", verb ? verb : "the command");
    return room;
}

static const char *hint(const ph_reply *reply, ph_phase phase)
{
    if (reply->code == 530)
        return "; log in, or use TLS, first";
    if (phase == PH_PHASE_AUTH || phase == PH_PHASE_GREETING)
        return "";
    return ph_reply_error_class(reply) == PH_ERR_SERVER_BUSY ? "; try again later" : "";
}

/* The line that was sent, as it may be shown. Content has none, and a response is never shown. */
static void record_command(struct ph__session *session, const struct ph__command *command)
{
    const struct ph__command_row *row = ph__command_row(command);
    char shown[ph__error_command_size];
    if (row->phase == PH_PHASE_AUTH) {
        (void)ph__format(shown, sizeof shown, "AUTH %s", session->exchange->name);
        ph__error_set_command(&session->error, shown);
        return;
    }
    if (!row->build)
        return;
    struct ph__buffer line;
    ph__buffer_init_secret(&line, session->config->allocator, 2 * (size_t)ph__command_line_max);
    if (row->build(session, command, &line) == PH_OK) {
        ph__command_shown(shown, sizeof shown, line.bytes, line.length);
        ph__error_set_command(&session->error, shown);
    }
    ph__buffer_release(&line);
}

int ph__session_refused(struct ph__session *session, const struct ph__command *command,
                        const ph_reply *reply)
{
    const ph_phase phase = ph__command_row(command)->phase;
    const ph_status status = ph_reply_error_class(reply);
    char object[mailbox_room + 32];
    char text[reply_room];
    reply_on_one_line(text, sizeof text, reply);
    (void)ph__error_set(&session->error, status, phase, "%s refused %s: %s%s",
                        session->config->server, what(session, command, object, sizeof object),
                        text, hint(reply, phase));
    record_command(session, command);
    ph__error_set_reply(&session->error, reply->code, ph_reply_enhanced_code(reply),
                        ph_reply_text(reply));
    return status;
}
