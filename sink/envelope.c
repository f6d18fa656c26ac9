/* SPDX-License-Identifier: MIT */
/* MAIL and RCPT: paths, who is refused, what is noted (RFC 5321 sections 4.1.1.2 and 4.1.1.3). */
#include <string.h>
#include <strings.h>

#include "sink/parameters.h"
#include "sink/rules.h"
#include "sink/verbs.h"

enum {
    recipients_max = 10000, /* RFC 5321 wants 100 */
    mailbox_max = 1024      /* RFC 5321 allows 254; addresses beyond ASCII can be longer */
};

struct path {
    char *mailbox;
    char *parameters;
};

/* @return the '>' that ends a path, or NULL; what is quoted may hold anything */
static char *end_of_path(char *path)
{
    bool is_quoted = false;
    for (char *at = path; *at != '\0'; at++) {
        if (*at == '\\' && is_quoted && at[1] != '\0')
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
        else if (*at == '>' && !is_quoted)
            return at;
        else if ((*at == ' ' || *at == '<' || *at == '\t') && !is_quoted)
            return NULL;
    }
    return NULL;
}

/* Splits "FROM:<a@b> PARAMETERS" up, in place. A source route is dropped, as RFC 5321 appendix C
 * asks. @return false if it is malformed */
static bool split_path(char *argument, const char *prefix, struct path *path)
{
    const size_t n = strlen(prefix);
    if (strncasecmp(argument, prefix, n) != 0)
        return false;
    char *begin = argument + n + strspn(argument + n, " ");
    char *end = *begin == '<' ? end_of_path(begin + 1) : NULL;
    if (!end || (end[1] != '\0' && end[1] != ' ') || end - begin > mailbox_max)
        return false;
    *end = '\0';
    path->mailbox = begin + 1;
    path->parameters = end + 1 + strspn(end + 1, " ");
    char *route_end = *path->mailbox == '@' ? strchr(path->mailbox, ':') : NULL;
    if (route_end)
        path->mailbox = route_end + 1;
    return *path->mailbox != '@';
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* ---- MAIL ------------------------------------------------------------------------------------ */

/* @return why MAIL may not come now, or NULL */
static const char *mail_order_problem(const struct session *session)
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

static const char *mail_problem(const struct session *session, const struct path *path)
{
    if (!session->is_esmtp && *path->parameters != '\0')
        return "555 5.5.4 parameters need EHLO";
    const char *problem =
        sink_parameters_problem(session->options, PARAMETERS_OF_MAIL, path->parameters);
    if (problem)
        return problem;
    if (!is_ascii(path->mailbox) && !sink_parameters_have(path->parameters, "SMTPUTF8"))
        return "553 5.6.7 an address beyond ASCII needs SMTPUTF8";
    if (sink_rules_reject(session->options, path->mailbox))
        return "550 5.1.0 sender refused";
    return NULL;
}

void sink_mail(struct session *session, char *argument, struct bytes *output)
{
    struct path path;
    const char *problem = mail_order_problem(session);
    if (!problem && !split_path(argument, "FROM:", &path))
        problem = "501 5.1.7 syntax is MAIL FROM:<address>";
    if (!problem)
        problem = mail_problem(session, &path);
    if (problem) {
        sink_session_problem(session, output, problem);
        return;
    }
    sink_session_reply(session, output, "MAIL", "250 2.1.0 sender ok");
    if (sink_rules_refuse(session->options, "MAIL"))
        return;
    sink_message_set_sender(&session->message, path.mailbox, path.parameters);
    session->message.is_utf8 = sink_parameters_have(path.parameters, "SMTPUTF8");
    session->has_mail = true;
}

/* ---- RCPT ------------------------------------------------------------------------------------ */

static const char *rcpt_order_problem(const struct session *session)
{
    if (!session->has_mail)
        return "503 5.5.1 say MAIL first";
    if (session->had_chunks)
        return "503 5.5.1 go on with BDAT";
    return NULL;
}

static const char *rcpt_problem(const struct session *session, const struct path *path)
{
    const char *problem =
        sink_parameters_problem(session->options, PARAMETERS_OF_RCPT, path->parameters);
    if (problem)
        return problem;
    if (!is_ascii(path->mailbox) && !session->message.is_utf8)
        return "553 5.6.7 an address beyond ASCII needs SMTPUTF8";
    if (sink_rules_reject(session->options, path->mailbox))
        return "550 5.1.1 no such recipient";
    if (session->message.recipient_count == recipients_max)
        return "452 4.5.3 too many recipients";
    return NULL;
}

void sink_rcpt(struct session *session, char *argument, struct bytes *output)
{
    struct path path;
    const char *problem = rcpt_order_problem(session);
    if (!problem && (!split_path(argument, "TO:", &path) || *path.mailbox == '\0'))
        problem = "501 5.1.3 syntax is RCPT TO:<address>";
    if (!problem)
        problem = rcpt_problem(session, &path);
    if (problem) {
        sink_session_problem(session, output, problem);
        return;
    }
    sink_session_reply(session, output, "RCPT", "250 2.1.5 recipient ok");
    if (!sink_rules_refuse(session->options, "RCPT"))
        sink_message_add_recipient(&session->message, path.mailbox, path.parameters);
}
