/* SPDX-License-Identifier: MIT */
/* The commands that the sink understands: a row a verb. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sink/rules.h"
#include "sink/session.h"

enum {
    recipients_max = 1000,
    bad_commands_max = 50,
    mailbox_max = 1024
};

/* ---- Greeting -------------------------------------------------------------------------------- */

static void begin(struct session *session, const char *name, bool is_esmtp)
{
    sink_session_reset(session);
    (void)snprintf(session->helo, sizeof session->helo, "%s", name);
    session->is_esmtp = is_esmtp;
}

static void do_helo(struct session *session, char *argument, struct bytes *output)
{
    if (*argument == '\0') {
        sink_session_reply(session, output, "", "501 5.5.4 HELO needs a name");
        return;
    }
    begin(session, argument, false);
    sink_session_reply(session, output, "HELO", "250 posthaste-sink");
}

static void offer(const struct session *session, char *room, size_t size, const char *keyword,
                  const char *parameters)
{
    if (!sink_rules_offer(session->options, keyword))
        return;
    const size_t n = strlen(room);
    (void)snprintf(room + n, size - n, "\n%s%s", keyword, parameters);
}

static void do_ehlo(struct session *session, char *argument, struct bytes *output)
{
    static const char *const plain[] = {"PIPELINING", "CHUNKING", "8BITMIME",
                                        "SMTPUTF8",   "DSN",      "ENHANCEDSTATUSCODES"};
    char room[1024];
    char size[32];
    if (*argument == '\0') {
        sink_session_reply(session, output, "", "501 5.5.4 EHLO needs a name");
        return;
    }
    begin(session, argument, true);
    (void)snprintf(room, sizeof room, "250 posthaste-sink greets %.200s", argument);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        offer(session, room, sizeof room, plain[i], "");
    size[0] = '\0';
    if (session->options->size > 0)
        (void)snprintf(size, sizeof size, " %zu", session->options->size);
    offer(session, room, sizeof room, "SIZE", size);
    if (!session->tls && !session->options->tls)
        offer(session, room, sizeof room, "STARTTLS", "");
    if (session->options->auth.count > 0)
        offer(session, room, sizeof room, "AUTH", " " LOGIN_MECHANISMS);
    sink_session_reply(session, output, "EHLO", room);
}

static void do_starttls(struct session *session, char *argument, struct bytes *output)
{
    const char *ruled = sink_rules_reply(session->options, "STARTTLS");
    if (*argument != '\0') {
        sink_session_reply(session, output, "", "501 5.5.4 STARTTLS takes no argument");
    } else if (session->tls) {
        sink_session_reply(session, output, "", "503 5.5.1 TLS is active already");
    } else if (!sink_rules_offer(session->options, "STARTTLS")) {
        sink_session_reply(session, output, "", "502 5.5.1 STARTTLS is not offered");
    } else {
        sink_session_reply(session, output, "STARTTLS", "220 2.0.0 ready to start TLS");
        if (!ruled || strncmp(ruled, "220", 3) == 0)
            session->next = SESSION_WANTS_TLS;
    }
}

/* ---- AUTH ------------------------------------------------------------------------------------ */

static void end_login(struct session *session)
{
    sink_login_free(session->login);
    session->login = NULL;
    session->mode = MODE_COMMANDS;
}

static void step_login(struct session *session, const char *response, struct bytes *output)
{
    struct bytes challenge = {.data = NULL};
    const char *ruled = sink_rules_reply(session->options, "AUTH");
    enum login_outcome outcome = sink_login_step(session->login, response, &challenge);
    if (outcome == LOGIN_ACCEPTED && ruled && ruled[0] != '2')
        outcome = LOGIN_REFUSED;
    switch (outcome) {
    case LOGIN_CHALLENGE:
        sink_bytes_append_text(output, "334 ");
        sink_bytes_append(output, challenge.data, challenge.length);
        sink_bytes_append_text(output, "\r\n");
        session->mode = MODE_LOGIN;
        break;
    case LOGIN_ACCEPTED:
        (void)snprintf(session->user, sizeof session->user, "%s", sink_login_user(session->login));
        end_login(session);
        sink_session_reply(session, output, "AUTH", "235 2.7.0 welcome");
        break;
    case LOGIN_REFUSED:
        end_login(session);
        sink_session_reply(session, output, "AUTH", "535 5.7.8 user or password is wrong");
        break;
    case LOGIN_MALFORMED:
        end_login(session);
        sink_session_reply(session, output, "", "501 5.5.2 that is no base64");
        break;
    }
    sink_bytes_free(&challenge);
}

static void do_auth(struct session *session, char *argument, struct bytes *output)
{
    char *response = strchr(argument, ' ');
    if (response)
        *response++ = '\0';
    if (session->options->auth.count == 0 || !sink_rules_offer(session->options, "AUTH"))
        sink_session_reply(session, output, "", "502 5.5.1 AUTH is not offered");
    else if (session->user[0] != '\0' || session->has_mail)
        sink_session_reply(session, output, "", "503 5.5.1 not now");
    else if (!(session->login = sink_login_new(session->options, argument)))
        sink_session_reply(session, output, "", "504 5.5.4 mechanism not known");
    else
        step_login(session, response, output);
}

static void do_response(struct session *session, const char *line, struct bytes *output)
{
    if (strcmp(line, "*") != 0) {
        step_login(session, line, output);
        return;
    }
    end_login(session);
    sink_session_reply(session, output, "", "501 5.7.0 AUTH cancelled");
}

/* ---- Envelope -------------------------------------------------------------------------------- */

/* Splits "FROM:<a@b> PARAMETERS" up. @return the mailbox, or NULL if it is malformed */
static char *split_path(char *argument, const char *prefix, char **parameters)
{
    const size_t n = strlen(prefix);
    if (strncasecmp(argument, prefix, n) != 0)
        return NULL;
    char *path = argument + n + strspn(argument + n, " ");
    if (*path++ != '<')
        return NULL;
    char *end = path;
    for (bool is_quoted = false; *end != '\0' && (is_quoted || *end != '>'); end++) {
        if (*end == '"')
            is_quoted = !is_quoted;
        else if (*end == '\\' && is_quoted && end[1] != '\0')
            end++;
    }
    if (*end != '>' || (end[1] != '\0' && end[1] != ' ') || end - path > mailbox_max)
        return NULL;
    *end = '\0';
    *parameters = end + 1 + strspn(end + 1, " ");
    return path;
}

struct parameter {
    const char *keyword;
    const char *extension; /* that it needs; NULL: none */
};
static const struct parameter mail_parameters[] = {
    {"SIZE", "SIZE"}, {"BODY", "8BITMIME"}, {"SMTPUTF8", "SMTPUTF8"},
    {"RET", "DSN"},   {"ENVID", "DSN"},     {"AUTH", "AUTH"},
};
static const struct parameter rcpt_parameters[] = {{"NOTIFY", "DSN"}, {"ORCPT", "DSN"}};

static bool is_known(const struct session *session, const struct parameter *known, size_t count,
                     const char *parameter)
{
    const size_t n = strcspn(parameter, "= ");
    for (size_t i = 0; i < count; i++) {
        if (strlen(known[i].keyword) == n && strncasecmp(known[i].keyword, parameter, n) == 0)
            return sink_rules_offer(session->options, known[i].extension);
    }
    return false;
}

/* @return the reply to a bad parameter, or NULL */
static const char *parameter_problem(const struct session *session, const struct parameter *known,
                                     size_t count, const char *parameters)
{
    for (const char *at = parameters; *at != '\0';) {
        const size_t n = strcspn(at, " ");
        if (!is_known(session, known, count, at))
            return "555 5.5.4 parameter not known";
        if (strncasecmp(at, "SIZE=", 5) == 0 && session->options->size > 0 &&
            strtoull(at + 5, NULL, 10) > session->options->size)
            return "552 5.3.4 message would be too large";
        at += n + strspn(at + n, " ");
    }
    return NULL;
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

static void note_parameters(struct session *session, const char *parameters)
{
    if (*parameters == '\0')
        return;
    if (session->message.parameters.length > 0)
        sink_bytes_append(&session->message.parameters, "; ", 2);
    sink_bytes_append_text(&session->message.parameters, parameters);
}

/* @return why MAIL may not come now, or NULL */
static const char *mail_problem(const struct session *session)
{
    if (session->helo[0] == '\0')
        return "503 5.5.1 say EHLO first";
    if (session->has_mail)
        return "503 5.5.1 a transaction is under way";
    if (session->options->require_tls && !session->tls)
        return "530 5.7.0 must issue a STARTTLS command first";
    if (session->options->require_auth && session->user[0] == '\0')
        return "530 5.7.0 authentication required";
    return NULL;
}

static bool is_refused(const struct session *session, const char *command)
{
    const char *ruled = sink_rules_reply(session->options, command);
    return ruled && ruled[0] != '2';
}

static void do_mail(struct session *session, char *argument, struct bytes *output)
{
    char *parameters;
    char *mailbox = split_path(argument, "FROM:", &parameters);
    const char *problem = mail_problem(session);
    if (!problem && !mailbox)
        problem = "501 5.5.4 syntax is MAIL FROM:<address>";
    if (!problem)
        problem = parameter_problem(session, mail_parameters,
                                    sizeof mail_parameters / sizeof mail_parameters[0], parameters);
    if (!problem && !is_ascii(mailbox) && !sink_rules_offer(session->options, "SMTPUTF8"))
        problem = "553 5.6.7 addresses must be ASCII";
    if (!problem && sink_rules_reject(session->options, mailbox))
        problem = "550 5.1.0 sender refused";
    if (problem) {
        sink_session_reply(session, output, "", problem);
        return;
    }
    sink_session_reply(session, output, "MAIL", "250 2.1.0 sender ok");
    if (is_refused(session, "MAIL"))
        return;
    sink_bytes_append(&session->message.from, mailbox, strlen(mailbox) + 1);
    note_parameters(session, parameters);
    session->has_mail = true;
}

static void do_rcpt(struct session *session, char *argument, struct bytes *output)
{
    char *parameters;
    char *mailbox = split_path(argument, "TO:", &parameters);
    const char *problem = session->has_mail ? NULL : "503 5.5.1 say MAIL first";
    if (!problem && (!mailbox || *mailbox == '\0'))
        problem = "501 5.5.4 syntax is RCPT TO:<address>";
    if (!problem)
        problem = parameter_problem(session, rcpt_parameters,
                                    sizeof rcpt_parameters / sizeof rcpt_parameters[0], parameters);
    if (!problem && sink_rules_reject(session->options, mailbox))
        problem = "550 5.1.1 no such recipient";
    if (!problem && session->message.recipient_count == recipients_max)
        problem = "452 4.5.3 too many recipients";
    if (problem) {
        sink_session_reply(session, output, "", problem);
        return;
    }
    sink_session_reply(session, output, "RCPT", "250 2.1.5 recipient ok");
    if (is_refused(session, "RCPT"))
        return;
    sink_bytes_append(&session->message.recipients, mailbox, strlen(mailbox) + 1);
    session->message.recipient_count++;
    note_parameters(session, parameters);
}

/* ---- Content --------------------------------------------------------------------------------- */

static void do_data(struct session *session, char *argument, struct bytes *output)
{
    if (*argument != '\0') {
        sink_session_reply(session, output, "", "501 5.5.4 DATA takes no argument");
    } else if (session->had_chunks) {
        sink_session_reply(session, output, "", "503 5.5.1 go on with BDAT");
    } else if (session->message.recipient_count == 0) {
        sink_session_reply(session, output, "", "503 5.5.1 no valid recipients");
    } else {
        sink_session_reply(session, output, "DATA", "354 end with <CRLF>.<CRLF>");
        const char *ruled = sink_rules_reply(session->options, "DATA");
        if (ruled && ruled[0] != '3')
            return;
        session->mode = MODE_CONTENT;
        session->is_line_start = true;
        session->last_was_cr = false;
    }
}

static void do_bdat(struct session *session, char *argument, struct bytes *output)
{
    char *end;
    const unsigned long long size = strtoull(argument, &end, 10);
    const bool is_last = strcasecmp(end, " LAST") == 0;
    if (!sink_rules_offer(session->options, "CHUNKING")) {
        sink_session_reply(session, output, "", "502 5.5.1 BDAT is not offered");
        return;
    }
    if (!isdigit((unsigned char)*argument) || (*end != '\0' && !is_last)) {
        /* How long the chunk is, nobody knows now: whatever follows would be misread. */
        sink_session_reply(session, output, "", "501 5.5.4 syntax is BDAT size [LAST]");
        session->next = SESSION_ENDS;
        return;
    }
    session->chunk_left = (size_t)size;
    session->chunk_is_last = is_last;
    session->chunk_is_refused =
        session->message.recipient_count == 0 || is_refused(session, "BDAT");
    session->had_chunks = true;
    session->mode = MODE_CHUNK;
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void do_rset(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reset(session);
    sink_session_reply(session, output, "RSET", "250 2.0.0 ok");
}

static void do_noop(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(session, output, "NOOP", "250 2.0.0 ok");
}

static void do_vrfy(struct session *session, char *argument, struct bytes *output)
{
    sink_session_reply(session, output, "VRFY",
                       *argument ? "252 2.5.2 send it and see" : "501 5.5.4 VRFY needs a name");
}

static void do_expn(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(session, output, "EXPN", "502 5.5.1 there are no lists here");
}

static void do_help(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(
        session, output, "HELP",
        "214 2.0.0 a test server\nHELO EHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP "
        "VRFY HELP QUIT");
}

static void do_quit(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    sink_session_reply(session, output, "QUIT", "221 2.0.0 bye");
    session->next = SESSION_ENDS;
}

static const struct verb {
    const char *name;
    void (*run)(struct session *session, char *argument, struct bytes *output);
} verbs[] = {
    {"HELO", do_helo}, {"EHLO", do_ehlo}, {"STARTTLS", do_starttls}, {"AUTH", do_auth},
    {"MAIL", do_mail}, {"RCPT", do_rcpt}, {"DATA", do_data},         {"BDAT", do_bdat},
    {"RSET", do_rset}, {"NOOP", do_noop}, {"VRFY", do_vrfy},         {"EXPN", do_expn},
    {"HELP", do_help}, {"QUIT", do_quit},
};

/* @return the letter in upper case, NUL if it is none */
static char upper(char letter)
{
    if (letter >= 'a' && letter <= 'z')
        return (char)(letter - 'a' + 'A');
    return letter >= 'A' && letter <= 'Z' ? letter : '\0';
}

const char *sink_command_name(const char *line, char room[16])
{
    size_t n = 0;
    for (; n < 15 && upper(line[n]) != '\0'; n++)
        room[n] = upper(line[n]);
    room[n] = '\0';
    return room;
}

void sink_command_take(struct session *session, char *line, struct bytes *output)
{
    char name[16];
    if (session->mode == MODE_LOGIN) {
        do_response(session, line, output);
        return;
    }
    (void)sink_command_name(line, name);
    char *argument = line + strcspn(line, " ");
    argument += strspn(argument, " ");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0 && strcspn(line, " ") == strlen(name)) {
            verbs[i].run(session, argument, output);
            return;
        }
    }
    sink_session_reply(session, output, "", "500 5.5.2 command not known");
    if (++session->bad_commands >= bad_commands_max)
        sink_session_reply(session, output, "", "421 4.7.0 too many bad commands");
}
