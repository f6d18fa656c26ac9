/* SPDX-License-Identifier: MIT */
/* AUTH (RFC 4954): the lines of it; login.h knows the mechanisms. */
#include <stdio.h>
#include <string.h>

#include "sink/rules.h"
#include "sink/verbs.h"

void sink_auth_abandon(struct session *session)
{
    sink_login_free(session->login);
    session->login = NULL;
    session->mode = MODE_COMMANDS;
}

static void challenge_client(struct session *session, struct bytes *output,
                             const struct bytes *challenge)
{
    sink_bytes_append_text(output, "334 ");
    sink_bytes_append(output, challenge->data, challenge->length);
    sink_bytes_append_text(output, "\r\n");
    session->mode = MODE_LOGIN;
}

/* A rule for AUTH holds at the end of the exchange: whoever may come so far is welcome, or not. */
static void accept(struct session *session, struct bytes *output)
{
    if (!sink_rules_refuse(session->options, "AUTH"))
        (void)snprintf(session->user, sizeof session->user, "%s", sink_login_user(session->login));
    sink_auth_abandon(session);
    sink_session_reply(session, output, "AUTH", "235 2.7.0 welcome");
}

static void refuse(struct session *session, struct bytes *output)
{
    sink_auth_abandon(session);
    if (sink_rules_refuse(session->options, "AUTH"))
        sink_session_reply(session, output, "AUTH", "");
    else
        sink_session_problem(session, output, "535 5.7.8 user or password is wrong");
}

static void step(struct session *session, const char *response, struct bytes *output)
{
    struct bytes challenge = {.data = NULL};
    switch (sink_login_step(session->login, response, &challenge)) {
    case LOGIN_CHALLENGE:
        challenge_client(session, output, &challenge);
        break;
    case LOGIN_ACCEPTED:
        accept(session, output);
        break;
    case LOGIN_REFUSED:
        refuse(session, output);
        break;
    case LOGIN_MALFORMED:
        sink_auth_abandon(session);
        sink_session_problem(session, output, "501 5.5.2 that is no response in base64");
        break;
    }
    sink_bytes_free(&challenge);
}

static const char *auth_problem(const struct session *session)
{
    if (!sink_rules_offer(session->options, "AUTH"))
        return "502 5.5.1 AUTH is not offered";
    if (!session->is_esmtp)
        return "503 5.5.1 say EHLO first";
    if (session->user[0] != '\0')
        return "503 5.5.1 logged in already";
    if (session->has_mail)
        return "503 5.5.1 a transaction is under way";
    return NULL;
}

void sink_auth(struct session *session, char *argument, struct bytes *output)
{
    const char *problem = auth_problem(session);
    char *response = strchr(argument, ' ');
    if (response)
        *response++ = '\0';
    if (!problem && !(session->login = sink_login_new(session->common->logins, argument)))
        problem = "504 5.5.4 mechanism not known";
    if (problem)
        sink_session_problem(session, output, problem);
    else
        step(session, response, output);
}

void sink_auth_respond(struct session *session, const char *line, struct bytes *output)
{
    if (strcmp(line, "*") != 0) {
        step(session, line, output);
        return;
    }
    sink_auth_abandon(session);
    sink_session_problem(session, output, "501 5.7.0 AUTH cancelled");
}
