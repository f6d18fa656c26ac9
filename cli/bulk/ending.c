/* SPDX-License-Identifier: MIT */
/* What follows from how an attempt ended: another one, or the end of the message. */
#include <errno.h>

#include <posthaste/connection.h>

#include "cli/report.h"
#include "run.h"

/* ---- Ending the run -------------------------------------------------------------------------- */

const ph_error run_let_go = {.status = PH_ERR_CANCELLED,
                             .outcome = PH_OUTCOME_NOT_SENT,
                             .message = "the run ended before another attempt"};

void run_stop(struct run *run)
{
    struct item *item;
    if (run->is_stopping)
        return;
    run->is_stopping = true;
    if (!run->has_ended)
        run->tally.is_incomplete = true;
    while ((item = waiting_take_any(&run->waiting)) != NULL)
        run_take_back(item, NULL, &run_let_go, run);
    sender_stop(run->sender);
}

void run_give_up(struct run *run, const ph_error *error)
{
    if (!run->error) {
        run->error =
            problem_set(&run->problem, error->status, error->phase, 0, "%s", error->message);
        run->problem.error.reply_code = error->reply_code;
    }
    run_stop(run);
}

void run_lose_checkpoint(struct run *run, int failure)
{
    struct problem problem;
    run_give_up(run, problem_set(&problem, PH_ERR_CANCELLED, PH_PHASE_NONE, failure,
                                 "the checkpoint %.300s cannot be written, so that no more "
                                 "messages are begun",
                                 run->checkpoint->path));
}

/* ---- What became of a message ---------------------------------------------------------------- */

static void note_end(struct run *run, const struct item *item, const struct ends *ends)
{
    const bool is_recorded = run->checkpoint && (item->is_begun || item->fault);
    const int failure = is_recorded ? checkpoint_end(run->checkpoint, item, ends) : 0;
    if (failure != 0)
        run_lose_checkpoint(run, failure);
}

/* Whether the trouble is with the server, so that it would meet each message behind this one. A
 * MAIL refused with 53z asks for a login, or for TLS (RFC 4954 section 6). */
static bool concerns_all(const ph_error *error)
{
    if (error->outcome != PH_OUTCOME_NOT_SENT)
        return false;
    return (error->phase >= PH_PHASE_RESOLVE && error->phase <= PH_PHASE_AUTH) ||
           (error->phase == PH_PHASE_MAIL && error->status == PH_ERR_AUTHENTICATION);
}

/* A message that was taken back, or that met a server which takes none, is no failure: it was not
 * tried, and is still to be sent. */
static bool was_taken_back(const struct run *run, const ph_error *error)
{
    return run->is_stopping && error &&
           (error->status == PH_ERR_CANCELLED || concerns_all(error)) &&
           error->outcome == PH_OUTCOME_NOT_SENT;
}

/* What is unknown of some recipients is unknown of the message; but what somebody got was sent. */
static enum known_state state_of(const struct item *item, const struct ends *ends)
{
    if (ends->counts[KNOWN_UNKNOWN] > 0)
        return KNOWN_UNKNOWN;
    if (item->is_sent)
        return KNOWN_SENT;
    return ends->counts[KNOWN_FAILED] > 0 ? KNOWN_FAILED : ends->whole;
}

static void count(struct run *run, const struct item *item, enum known_state state,
                  const struct ends *ends)
{
    tally_add(&run->tally, state, ends->error);
    if (item->is_sent) {
        run->tally.refused_recipients += item->refused;
        run->tally.failed_recipients += ends->counts[KNOWN_FAILED];
    }
    meter_add(&run->meter, item->size, 1);
}

static void conclude(struct run *run, struct item *item, const struct ends *ends)
{
    const enum known_state state = state_of(item, ends);
    const bool is_untried = was_taken_back(run, ends->error);
    run->tally.is_incomplete |= is_untried;
    if (is_untried && !item->is_sent)
        return;
    told_add(item, ends, run->results.json, true);
    count(run, item, state, ends);
    if (ends->error || ends->counts[KNOWN_FAILED] + item->refused > 0)
        meter_clear(&run->meter);
    results_tell(&run->results, item, state, ends->error);
}

/* What the library knows of content that could not be read is that its callback failed.
 * @return the error, or what is told in its place: @p problem's */
static const ph_error *explain(const struct item *item, const ph_error *error,
                               struct problem *problem)
{
    const struct content *content = &item->content;
    if (!error || error->status != PH_ERR_SOURCE || item->fault || content->failure == 0)
        return error;
    (void)problem_set(problem, PH_ERR_SOURCE, error->phase, content->failure,
                      "it was not sent, since %.300s could not be read when its turn came",
                      content->path ? content->path : "its part of the file");
    problem->error.outcome = error->outcome;
    return &problem->error;
}

/* ---- Another attempt ------------------------------------------------------------------------- */

/* Notes that the server cannot be had. @return it is to be tried again */
static bool outlasts(struct run *run, const ph_error *error)
{
    if (!ph_status_may_pass(error->status))
        return false;
    const bool is_new = outage_meet(&run->outage, sender_sessions(run->sender), ph_now_ms());
    if (run->outage.tries > run->retries)
        return false;
    if (is_new && run->outage.tries == 1 && !run->results.quiet) {
        meter_clear(&run->meter);
        complain(run->command, "%s; trying again", error->message);
    }
    return true;
}

/* Lets the message wait, for those recipients alone that were refused for now. */
static bool keep_rest(struct run *run, struct item *item, const struct ends *ends)
{
    if (!waiting_add(&run->waiting, item, ph_now_ms()))
        return false;
    told_add(item, ends, run->results.json, false);
    for (size_t i = ph_message_recipient_count(item->message); i-- > 0;) {
        if (ends_of(ends, i) != KNOWN_FAILED)
            item_remove_recipient(item, i);
    }
    item->is_part = true;
    return true;
}

/* Files and connections are many at times, and fewer later. */
static bool may_pass(const ph_error *error)
{
    return ph_status_may_pass(error->status) ||
           (error->status == PH_ERR_SOURCE &&
            (error->system_errno == EMFILE || error->system_errno == ENFILE));
}

/* @return the message waits for another attempt */
static bool waits_again(struct run *run, struct item *item, const struct ends *ends)
{
    if (run->is_stopping || ends->counts[KNOWN_FAILED] == 0)
        return false;
    if (ends->error && concerns_all(ends->error))
        return outlasts(run, ends->error) && waiting_add(&run->waiting, item, ph_now_ms());
    if (item->attempts == 0 || item->attempts > run->retries)
        return false;
    if (ends->differ)
        return keep_rest(run, item, ends);
    return ends->error && may_pass(ends->error) && waiting_add(&run->waiting, item, ph_now_ms());
}

void run_take_back(struct item *item, const ph_result *result, const ph_error *error,
                   void *user_data)
{
    struct run *run = user_data;
    struct problem problem;
    struct ends ends;
    error = explain(item, error, &problem);
    ends_judge(&ends, item, result, error);
    item->is_sent |= ends.counts[KNOWN_SENT] > 0;
    item->refused += ends.counts[KNOWN_REFUSED];
    note_end(run, item, &ends);
    if (result)
        outage_end(&run->outage);
    if (waits_again(run, item, &ends))
        return;
    if (error && concerns_all(error))
        run_give_up(run, error);
    conclude(run, item, &ends);
    item_free(item);
}
