/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <inttypes.h>
#include <stdio.h>

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

enum {
    digits = 12 /* of a number of seconds: 0.631, and not 0.63100000000000001 */
};

/* ---- JSON ------------------------------------------------------------------------------------ */

static void print_line(json_t *object)
{
    if (!object)
        return;
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(digits));
    (void)putchar('\n');
    json_decref(object);
}

/* @return what was gathered, which the caller may drop */
static json_t *gathered(json_t *value)
{
    return value ? json_incref(value) : json_null();
}

static ph_outcome outcome_of(enum known_state state)
{
    if (state == KNOWN_UNKNOWN)
        return PH_OUTCOME_UNKNOWN;
    return state == KNOWN_SENT ? PH_OUTCOME_SENT : PH_OUTCOME_NOT_SENT;
}

static void print_json(const struct item *item, enum known_state state, const ph_error *error)
{
    print_line(json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "message", json_text(item->where),
                         "identity", item->identity, "state", words[state], "outcome",
                         ph_outcome_name(outcome_of(state)), "message_reply",
                         gathered(item->told.reply), "recipients", gathered(item->told.recipients),
                         "error", json_error(error)));
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
        json_pack("{s:o, s:I, s:I, s:f, s:b, s:o}", "before", counts_of(tally->before),
                  "refused_recipients", (json_int_t)tally->refused_recipients, "failed_recipients",
                  (json_int_t)tally->failed_recipients, "seconds", seconds, "complete",
                  !tally->is_incomplete, "error", json_error(error));
    if (summary && rest)
        (void)json_object_update(summary, rest);
    json_decref(rest);
    print_line(json_pack("{s:o}", "summary", summary));
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void print_failure(const struct item *item, enum known_state state, const ph_error *error)
{
    print_safely(item->where);
    (void)printf(": %s: ", words[state]);
    print_safely(error->message);
    (void)putchar('\n');
}

void results_tell(const struct results *results, const struct item *item, enum known_state state,
                  const ph_error *error)
{
    const struct bytes *lines = &item->told.lines;
    if (results->json)
        print_json(item, state, error);
    if (results->json || results->quiet)
        return;
    if (item->is_sent && lines->length > 0)
        (void)fwrite(lines->data, 1, lines->length, stdout);
    if (error && state != KNOWN_SENT)
        print_failure(item, state, error);
}

void results_tell_unknown(const struct results *results, const struct item *item)
{
    const ph_error error = {
        .status = PH_ERR_STATE, .outcome = PH_OUTCOME_UNKNOWN, .message = not_again};
    if (results->json) {
        print_line(json_pack("{s:o, s:s, s:s, s:s, s:n, s:[], s:o}", "message",
                             json_text(item->where), "identity", item->identity, "state", "unknown",
                             "outcome", "unknown", "message_reply", "recipients", "error",
                             json_error(&error)));
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
    if (tally->refused_recipients + tally->failed_recipients > 0)
        (void)printf("recipients of messages that others got: %" PRIu64 " refused, %" PRIu64
                     " failed\n",
                     tally->refused_recipients, tally->failed_recipients);
    for (int state = 0; state < known_states; state++)
        before += tally->before[state];
    if (before == 0)
        return;
    print_counts("passed over, from earlier runs: ", tally->before);
    (void)putchar('\n');
}
