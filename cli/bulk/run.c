/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <stdio.h>

#include <posthaste/connection.h>

#include "cli/report.h"
#include "signals.h"

enum {
    batch_max = 64 /* messages that go to the disk together */
};

/* Messages that were read and are about to be handed over. */
struct batch {
    struct item *items[batch_max];
    size_t count;
};

static void stop(struct run *run)
{
    run->is_stopping = true;
    if (!run->has_ended)
        run->tally.is_incomplete = true;
    sender_stop(run->sender);
}

static void give_up(struct run *run, const ph_error *error)
{
    if (!run->error) {
        run->error =
            problem_set(&run->problem, error->status, error->phase, 0, "%s", error->message);
        run->problem.error.reply_code = error->reply_code;
    }
    if (!run->is_stopping)
        stop(run);
}

/* ---- What became of a message ---------------------------------------------------------------- */

static void note_end(struct run *run, const struct item *item, enum known_state state)
{
    const int failure = run->checkpoint ? checkpoint_end(run->checkpoint, item, state) : 0;
    if (failure == 0 || run->error)
        return;
    run->error = problem_set(&run->problem, PH_ERR_SOURCE, PH_PHASE_NONE, failure,
                             "the checkpoint %.300s cannot be written any more, so that no more "
                             "messages are begun",
                             run->checkpoint->path);
    stop(run);
}

/* Whether the trouble is with the server, so that it would meet each message behind this one. */
static bool concerns_all(const ph_error *error)
{
    return error->outcome == PH_OUTCOME_NOT_SENT && error->phase >= PH_PHASE_RESOLVE &&
           error->phase <= PH_PHASE_AUTH;
}

/* A message that was taken back, or that met a server which takes none, is no failure: it was not
 * tried, and is still to be sent. */
static bool was_taken_back(const struct run *run, const ph_error *error)
{
    return run->is_stopping && error &&
           (error->status == PH_ERR_CANCELLED || concerns_all(error)) &&
           error->outcome == PH_OUTCOME_NOT_SENT;
}

static void settle(struct run *run, const struct item *item, const ph_result *result,
                   const ph_error *error)
{
    const enum known_state state = tally_state_of(error);
    const uint64_t refused = !error && result ? ph_result_refused_count(result) : 0;
    note_end(run, item, state);
    if (error && concerns_all(error))
        give_up(run, error);
    if (was_taken_back(run, error)) {
        run->tally.is_incomplete = true;
        return;
    }
    tally_add(&run->tally, state, error, refused);
    meter_add(&run->meter, item->size, 1);
    if (error || refused > 0)
        meter_clear(&run->meter);
    results_tell(&run->results, item, result, error);
}

void run_take_back(struct item *item, const ph_result *result, const ph_error *error,
                   void *user_data)
{
    settle(user_data, item, result, error);
    item_free(item);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* @return the message was settled by an earlier run */
static bool is_settled(const struct run *run, enum known_state state)
{
    switch (state) {
    case KNOWN_SENT:
        return true;
    case KNOWN_REFUSED:
        return !run->retries_refused;
    case KNOWN_BEGUN:
    case KNOWN_UNKNOWN:
        return !run->retries_unknown;
    case KNOWN_NOT:
    case KNOWN_FAILED:
    case known_states:
        break;
    }
    return false;
}

static bool pass_over(struct run *run, const struct item *item)
{
    const enum known_state state =
        run->checkpoint ? checkpoint_state(run->checkpoint, item) : KNOWN_NOT;
    if (!is_settled(run, state))
        return false;
    run->tally.before[state]++;
    meter_add(&run->meter, item->size, 0);
    if (state == KNOWN_BEGUN || state == KNOWN_UNKNOWN) {
        meter_clear(&run->meter);
        results_tell_unknown(&run->results, item);
    }
    return true;
}

static bool contradicts(struct run *run, const struct item *item)
{
    if (!run->checkpoint || !checkpoint_contradicts(run->checkpoint, item))
        return false;
    run->error = problem_set(&run->problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                             "%.200s is not what it was when the checkpoint %.200s was written: "
                             "%.60s is new there; nothing from there on was sent. Begin another "
                             "checkpoint, with what is to be sent",
                             run->source->name, run->checkpoint->path, item->where);
    return true;
}

/* Decides on a message: it is passed over, cannot be sent, or goes into the batch.
 * @return false if the run cannot go on */
static bool take_item(struct run *run, struct item *item, struct batch *batch)
{
    if (contradicts(run, item)) {
        item_free(item);
        return false;
    }
    if (pass_over(run, item)) {
        item_free(item);
        return true;
    }
    if (item->fault) {
        run_take_back(item, NULL, &item->fault->error, run);
        return true;
    }
    batch->items[batch->count++] = item;
    if (!run->checkpoint || checkpoint_begin(run->checkpoint, item))
        return true;
    (void)source_out_of_memory(&run->problem);
    run->error = &run->problem.error;
    return false;
}

/* Reads messages for which there is room. @return whether more can be had at once */
static bool read_batch(struct run *run, struct batch *batch)
{
    const size_t room = sender_room(run->sender);
    const size_t size = room < batch_max ? room : batch_max;
    while (batch->count < size && !run->is_stopping) {
        struct item *item;
        const enum source_next next = source_next(run->source, &item, &run->problem);
        if (next == SOURCE_ITEM && take_item(run, item, batch))
            continue;
        if (next == SOURCE_WAIT)
            return false;
        if (next == SOURCE_FAILED)
            run->error = &run->problem.error;
        run->has_ended = true;
        run->tally.is_incomplete |= next != SOURCE_END;
        return false;
    }
    return batch->count > 0;
}

static void take_back_all(struct run *run, const struct batch *batch, const ph_error *error)
{
    for (size_t i = 0; i < batch->count; i++)
        run_take_back(batch->items[i], NULL, error, run);
}

static void hand_over(struct run *run, const struct batch *batch)
{
    struct problem problem;
    const int failure = run->checkpoint ? checkpoint_commit(run->checkpoint) : 0;
    if (failure != 0) {
        (void)problem_set(&problem, PH_ERR_CANCELLED, PH_PHASE_NONE, failure,
                          "the checkpoint %.300s cannot be written, so that no more messages are "
                          "begun",
                          run->checkpoint->path);
        give_up(run, &problem.error);
        take_back_all(run, batch, &problem.error);
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const int status = sender_add(run->sender, batch->items[i]);
        if (status != PH_OK)
            run_take_back(batch->items[i], NULL,
                          problem_set(&problem, (ph_status)status, PH_PHASE_NONE, 0, "%s",
                                      ph_status_text(status)),
                          run);
    }
}

/* Fills the room that there is. @return whether the source made it wait */
static bool feed(struct run *run)
{
    while (!run->has_ended && !run->is_stopping && sender_room(run->sender) > 0) {
        struct batch batch = {.count = 0};
        const bool has_more = read_batch(run, &batch);
        hand_over(run, &batch);
        if (!has_more && !run->has_ended && !run->is_stopping)
            return true;
    }
    return false;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static void obey_signals(struct run *run)
{
    const int count = signals_count();
    if (count == run->signals)
        return;
    meter_clear(&run->meter);
    if (run->signals == 0) {
        complain(run->command,
                 "stopping: what is under way is finished; once more ends it at once");
        stop(run);
    }
    if (count > 1)
        sender_abort(run->sender);
    run->signals = count;
}

static void wait_for_something(struct run *run, bool waits_for_source)
{
    struct pollfd others[2] = {{.fd = signals_fd(), .events = POLLIN},
                               {.fd = run->source->wait_fd, .events = POLLIN}};
    (void)fflush(stdout); /* who reads results should not wait for them, too */
    const int timeout = meter_timeout(&run->meter, ph_now_ms());
    sender_wait(run->sender, others, waits_for_source ? 2 : 1, timeout);
}

const ph_error *run_all(struct run *run)
{
    const uint64_t begun_ms = ph_now_ms();
    meter_begin(&run->meter, run->shows_progress, run->progress_ms, begun_ms);
    run->meter.total = run->source->total;
    run->meter.counts_messages = run->source->counts_messages;
    for (;;) {
        const bool waits_for_source = feed(run);
        if (sender_pending(run->sender) == 0 && !waits_for_source &&
            (run->has_ended || run->is_stopping))
            break;
        wait_for_something(run, waits_for_source);
        obey_signals(run);
        meter_show(&run->meter, &run->tally, ph_now_ms());
    }
    meter_clear(&run->meter);
    results_sum_up(&run->results, &run->tally, run->error, (double)(ph_now_ms() - begun_ms) / 1000);
    (void)fflush(stdout);
    sender_quit(run->sender);
    return run->error;
}
