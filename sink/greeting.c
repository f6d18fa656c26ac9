/* SPDX-License-Identifier: MIT */
/* HELO, EHLO and what it offers, STARTTLS (RFC 3207). */
#include <stdio.h>
#include <string.h>

#include "sink/rules.h"
#include "sink/verbs.h"

static void begin(struct session *session, const char *name, bool is_esmtp)
{
    sink_session_reset(session);
    (void)snprintf(session->helo, sizeof session->helo, "%s", name);
    session->is_esmtp = is_esmtp;
}

void sink_helo(struct session *session, char *argument, struct bytes *output)
{
    if (!sink_rules_refuse(session->options, "HELO"))
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

void sink_ehlo(struct session *session, char *argument, struct bytes *output)
{
    static const char *const plain[] = {"PIPELINING", "CHUNKING", "8BITMIME",
                                        "SMTPUTF8",   "DSN",      "ENHANCEDSTATUSCODES"};
    char room[1024];
    char size[32] = "";
    if (!sink_rules_refuse(session->options, "EHLO"))
        begin(session, argument, true);
    (void)snprintf(room, sizeof room, "250 posthaste-sink greets %.200s", argument);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        offer(session, room, sizeof room, plain[i], "");
    if (session->options->size > 0)
        (void)snprintf(size, sizeof size, " %zu", session->options->size);
    offer(session, room, sizeof room, "SIZE", size);
    if (!session->tls)
        offer(session, room, sizeof room, "STARTTLS", "");
    offer(session, room, sizeof room, "AUTH", " " LOGIN_MECHANISMS);
    sink_session_reply(session, output, "EHLO", room);
}

static const char *starttls_problem(const struct session *session)
{
    if (session->tls)
        return "503 5.5.1 TLS is active already";
    if (!sink_rules_offer(session->options, "STARTTLS"))
        return "502 5.5.1 STARTTLS is not offered";
    if (!session->is_esmtp || session->has_mail)
        return "503 5.5.1 say EHLO before STARTTLS, and nothing else";
    return NULL;
}

void sink_starttls(struct session *session, char *argument, struct bytes *output)
{
    (void)argument;
    const char *problem = starttls_problem(session);
    if (problem) {
        sink_session_problem(session, output, problem);
        return;
    }
    sink_session_reply(session, output, "STARTTLS", "220 2.0.0 ready to start TLS");
    if (!sink_rules_refuse(session->options, "STARTTLS"))
        session->next = SESSION_WANTS_TLS;
}
