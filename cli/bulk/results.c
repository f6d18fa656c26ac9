/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/json.h"
#include "cli/printable.h"

static const char not_again[] =
    "an earlier run was cut off while it sent this message; it is not sent again "
    "(--retry-unknown sends it)";

static const char *const words[known_states] = {
    [KNOWN_SENT] = "sent",
    [KNOWN_REFUSED] = "refused",
    [KNOWN_FAILED] = "failed",
    [KNOWN_UNKNOWN] = "unknown",
};

/* ---- JSON ------------------------------------------------------------------------------------ */

static void print_line(json_t *object)
{
    if (!object)
        return;
    (void)json_dumpf(object, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(object);
}

static json_t *recipients_of(const ph_result *result)
{
    json_t *array = json_array();
    for (size_t i = 0; array && result && i < ph_result_recipient_count(result); i++) {
        const char *address = ph_result_recipient_mailbox(result, i);
        if (json_array_append_new(array, json_recipient(address, result, i)) == 0)
            continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

static void print_json(const struct item *item, const ph_result *result, const ph_error *error)
{
    const ph_outcome outcome = error ? error->outcome : PH_OUTCOME_SENT;
    print_line(json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "message", json_text(item->where),
                         "identity", item->identity, "state", words[tally_state_of(error)],
                         "outcome", ph_outcome_name(outcome), "message_reply",
                         json_reply(result ? ph_result_reply(result) : NULL), "recipients",
                         recipients_of(result), "error", json_error(error)));
}

static json_t *counts_of(const uint64_t *counts)
{
    const uint64_t unknown = counts[KNOWN_UNKNOWN] + counts[KNOWN_BEGUN];
    return json_pack("{s:I, s:I, s:I, s:I}", "sent", (json_int_t)counts[KNOWN_SENT], "refused",
                     (json_int_t)counts[KNOWN_REFUSED], "failed", (json_int_t)counts[KNOWN_FAILED],
                     "unknown", (json_int_t)unknown);
}

static void sum_up_in_json(const struct tally *tally, const ph_error *error, double seconds)
{
    json_t *summary = counts_of(tally->now);
    json_t *rest =
        json_pack("{s:o, s:I, s:f, s:b, s:o}", "before", counts_of(tally->before),
                  "refused_recipients", (json_int_t)tally->refused_recipients, "seconds", seconds,
                  "complete", !tally->is_incomplete, "error", json_error(error));
    if (summary && rest)
        (void)json_object_update(summary, rest);
    json_decref(rest);
    print_line(json_pack("{s:o}", "summary", summary));
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void print_refused_recipients(const struct item *item, const ph_result *result)
{
    for (size_t i = 0; i < ph_result_recipient_count(result); i++) {
        if (ph_result_recipient_state(result, i) == PH_RECIPIENT_ACCEPTED)
            continue;
        const ph_reply *reply = ph_result_recipient_reply(result, i);
        char *told = reply ? printable_reply(reply) : NULL;
        print_safely(item->where);
        (void)fputs(": sent, but not to ", stdout);
        print_safely(ph_result_recipient_mailbox(result, i));
        (void)printf(": %s\n", told ? told : "no reply");
        free(told);
    }
}

static void print_failure(const struct item *item, const ph_error *error)
{
    print_safely(item->where);
    (void)printf(": %s: ", words[tally_state_of(error)]);
    print_safely(error->message);
    (void)putchar('\n');
}

void results_tell(const struct results *results, const struct item *item, const ph_result *result,
                  const ph_error *error)
{
    if (results->json)
        print_json(item, result, error);
    else if (error && !results->quiet)
        print_failure(item, error);
    else if (!results->quiet && result && ph_result_refused_count(result) > 0)
        print_refused_recipients(item, result);
}

void results_tell_unknown(const struct results *results, const struct item *item)
{
    if (results->json) {
        print_line(json_pack("{s:o, s:s, s:s, s:s, s:n, s:[], s:o}", "message",
                             json_text(item->where), "identity", item->identity, "state", "unknown",
                             "outcome", "unknown", "message_reply", "recipients", "error",
                             json_pack("{s:s, s:s}", "class", "ERR_STATE", "text", not_again)));
    } else if (!results->quiet) {
        print_safely(item->where);
        (void)printf(": unknown: %s\n", not_again);
    }
}

static void print_counts(const char *when, const uint64_t *counts)
{
    (void)printf("%s%" PRIu64 " sent, %" PRIu64 " refused, %" PRIu64 " failed, %" PRIu64 " unknown",
                 when, counts[KNOWN_SENT], counts[KNOWN_REFUSED], counts[KNOWN_FAILED],
                 counts[KNOWN_UNKNOWN] + counts[KNOWN_BEGUN]);
}

void results_sum_up(const struct results *results, const struct tally *tally, const ph_error *error,
                    double seconds)
{
    uint64_t before = 0;
    if (results->json) {
        sum_up_in_json(tally, error, seconds);
        return;
    }
    if (results->quiet)
        return;
    print_counts("", tally->now);
    (void)printf(" in %.1f s", seconds);
    if (seconds > 0 && tally->now[KNOWN_SENT] > 0)
        (void)printf(" (%.1f/s)", (double)tally_done(tally) / seconds);
    (void)putchar('\n');
    for (int state = 0; state < known_states; state++)
        before += tally->before[state];
    if (before == 0)
        return;
    print_counts("passed over, from earlier runs: ", tally->before);
    (void)putchar('\n');
}
