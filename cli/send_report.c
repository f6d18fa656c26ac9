/* SPDX-License-Identifier: MIT */
/* What `posthaste send` tells of what became of a message. */
#include "send_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "printable.h"

void send_report_note_tls(struct send_report *report, const ph_tls_info *tls)
{
    report->has_tls = tls != NULL;
    if (!tls)
        return;
    (void)snprintf(report->tls_version, sizeof report->tls_version, "%s", tls->version);
    (void)snprintf(report->tls_cipher, sizeof report->tls_cipher, "%s", tls->cipher);
    report->tls_verified = tls->verified;
}

static ph_outcome outcome_of(const struct send_report *report)
{
    if (report->result)
        return ph_result_outcome(report->result);
    return report->error ? report->error->outcome : PH_OUTCOME_NOT_SENT;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* "WHO: HOW: REPLY" */
static void print_line(const char *who, const char *how, const ph_reply *reply)
{
    char *text = reply ? printable_reply(reply) : NULL;
    print_safely(who);
    (void)printf(": %s%s%s\n", how, text ? ": " : "", text ? text : "");
    free(text);
}

void send_report_print(const struct send_report *report)
{
    static const char *const states[] = {[PH_RECIPIENT_NOT_TRIED] = "not tried",
                                         [PH_RECIPIENT_ACCEPTED] = "accepted",
                                         [PH_RECIPIENT_REFUSED] = "refused"};
    const ph_result *result = report->result;
    for (size_t i = 0; i < report->recipients->count; i++)
        print_line(report->recipients->items[i],
                   states[result ? ph_result_recipient_state(result, i) : PH_RECIPIENT_NOT_TRIED],
                   result ? ph_result_recipient_reply(result, i) : NULL);
    print_line("message", ph_outcome_name(outcome_of(report)),
               result ? ph_result_reply(result) : NULL);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *recipients_array(const struct send_report *report)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < report->recipients->count; i++) {
        if (json_array_append_new(
                array, json_recipient(report->recipients->items[i], report->result, i)) == 0)
            continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

bool send_report_print_json(const struct send_report *report)
{
    const ph_tls_info tls = {.version = report->tls_version,
                             .cipher = report->tls_cipher,
                             .verified = report->tls_verified};
    return json_print(json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "outcome", ph_outcome_name(outcome_of(report)),
        "server", json_server(report->address, report->port), "tls",
        json_tls(report->has_tls ? &tls : NULL), "message_reply",
        json_reply(report->result ? ph_result_reply(report->result) : NULL), "recipients",
        recipients_array(report), "error", json_error(report->error), "notice",
        json_text(report->notice[0] != '\0' ? report->notice : NULL)));
}
