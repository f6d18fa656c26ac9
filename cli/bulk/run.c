/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <stdio.h>

#include <posthaste/connection.h>

#include "cli/report.h"
#include "earlier.h"
#include "signals.h"

enum {
    batch_max = 64 /* messages that go to the disk together */
};

/* Messages that were read and are about to be handed over. */
struct batch {
    struct item *items[batch_max];
    size_t count;
};

/* ---- Reading --------------------------------------------------------------------------------- */

static bool contradicts(struct run *run, const struct item *item)
{
    if (!run->checkpoint || !checkpoint_contradicts(run->checkpoint, item))
        return false;
    run->is_other_source = true;
    run->error = problem_set(&run->problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                             "%.200s is not what it was when the checkpoint %.200s was written: "
                             "%.60s is new there; nothing from there on was sent. Begin another "
                             "checkpoint, with what is to be sent",
                             run->source->name, run->checkpoint->path, item->where);
    return true;
}

/* @return a message finds out whether the server can be had: what a checkpoint has as begun is
 * unknown after a crash, and until there is a session none can leave */
static bool is_trying(struct run *run)
{
    if (run->outage.tries == 0 && (run->had_session || !run->checkpoint))
        return false;
    if (sender_sessions(run->sender) <= run->outage.sessions)
        return true;
    run->had_session = true;
    outage_end(&run->outage);
    return false;
}

/* @return how many messages may be handed over now */
static size_t room_of(struct run *run)
{
    const size_t room = sender_room(run->sender);
    if (run->is_stopping || outage_timeout(&run->outage, ph_now_ms()) > 0)
        return 0;
    if (room == 0 || !is_trying(run))
        return room;
    return sender_pending(run->sender) == 0 ? 1 : 0;
}

static size_t batch_size(struct run *run)
{
    const size_t room = room_of(run);
    return room < batch_max ? room : batch_max;
}

/* Puts a message into the batch, unless memory is short: what is not noted as begun must not be
 * sent. @return false: the run cannot go on */
static bool begin_item(struct run *run, struct item *item, struct batch *batch)
{
    if (!run->checkpoint || checkpoint_begin(run->checkpoint, item)) {
        batch->items[batch->count++] = item;
        return true;
    }
    run->error = problem_of_memory(&run->problem);
    run_take_back(item, NULL, run->error, run);
    return false;
}

/* Decides on a message: it is passed over, cannot be sent, or goes into the batch.
 * @return false if the run cannot go on */
static bool take_item(struct run *run, struct item *item, struct batch *batch)
{
    const bool is_other = contradicts(run, item);
    const enum earlier earlier = is_other ? EARLIER_NOTHING : earlier_settle(run, item);
    if (earlier == EARLIER_NO_MEMORY)
        run->error = problem_of_memory(&run->problem);
    if (is_other || earlier != EARLIER_NOTHING) {
        item_free(item);
        return !is_other && earlier == EARLIER_ALL;
    }
    if (item->fault) {
        run_take_back(item, NULL, &item->fault->error, run);
        return true;
    }
    return begin_item(run, item, batch);
}

/* Reads messages for which there is room, and not many that are passed over.
 * @return whether more can be had at once */
static bool read_batch(struct run *run, struct batch *batch)
{
    const size_t size = batch_size(run);
    for (size_t read = 0; read < batch_max && batch->count < size && !run->is_stopping; read++) {
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
    return true;
}

static void take_back_all(struct run *run, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        run_take_back(batch->items[i], NULL, &run_let_go, run);
}

static void hand_over(struct run *run, const struct batch *batch)
{
    struct problem problem;
    const int failure = run->checkpoint ? checkpoint_commit(run->checkpoint) : 0;
    if (failure != 0) {
        run_lose_checkpoint(run, failure);
        take_back_all(run, batch);
        return;
    }
    if (batch->count > 0)
        outage_try(&run->outage);
    for (size_t i = 0; i < batch->count; i++) {
        batch->items[i]->is_begun = true;
        const int status = sender_add(run->sender, batch->items[i]);
        if (status != PH_OK)
            run_take_back(batch->items[i], NULL,
                          problem_set(&problem, (ph_status)status, PH_PHASE_NONE, 0, "%s",
                                      ph_status_text(status)),
                          run);
    }
}

/* Messages whose wait is over come before others: they were begun before those. */
static void take_due(struct run *run, struct batch *batch)
{
    const size_t size = batch_size(run);
    struct item *item;
    while (batch->count < size && !run->is_stopping &&
           (item = waiting_take_due(&run->waiting, ph_now_ms())) != NULL) {
        if (!begin_item(run, item, batch))
            run_stop(run);
    }
}

static void obey_signals(struct run *run)
{
    const int count = signals_count();
    if (count == run->signals)
        return;
    meter_clear(&run->meter);
    if (run->signals == 0) {
        complain(run->command,
                 "stopping: what is under way is finished; once more ends it at once");
        run_stop(run);
    }
    if (count > 1)
        sender_abort(run->sender);
    run->signals = count;
}

/* What was settled in earlier runs may be much, and need no room: the pool, signals and the meter
 * must not wait for all of it to be passed over. */
static void look_up(struct run *run, const struct batch *batch)
{
    if (batch->count == 0 && sender_pending(run->sender) > 0)
        sender_wait(run->sender, NULL, 0, 0);
    obey_signals(run);
    meter_show(&run->meter, &run->tally, ph_now_ms());
}

/* Fills the room that there is. @return whether the source made it wait */
static bool feed(struct run *run)
{
    while (room_of(run) > 0) {
        struct batch batch = {.count = 0};
        take_due(run, &batch);
        const bool may_read = !run->has_ended && !waiting_is_full(&run->waiting);
        const bool has_more = !may_read || read_batch(run, &batch);
        hand_over(run, &batch);
        if (!has_more && !run->has_ended && !run->is_stopping)
            return true;
        if (batch.count == 0 && (run->has_ended || !may_read))
            break;
        look_up(run, &batch);
    }
    return false;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

/* @return the sooner of two time limits, of which -1 is none */
static int sooner(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

/* @return nothing is under way, and nothing is to come */
static bool is_done(const struct run *run, bool waits_for_source)
{
    return sender_pending(run->sender) == 0 && run->waiting.count == 0 && !waits_for_source &&
           (run->has_ended || run->is_stopping);
}

/* @return milliseconds until messages that wait may be handed over; -1: the pool decides, or none
 * does */
static int due_timeout(struct run *run, uint64_t now_ms)
{
    const int outage = outage_timeout(&run->outage, now_ms);
    if (outage > 0)
        return outage;
    return room_of(run) > 0 ? waiting_timeout(&run->waiting, now_ms) : -1;
}

static void wait_for_something(struct run *run, bool waits_for_source)
{
    struct pollfd others[2] = {{.fd = signals_fd(), .events = POLLIN},
                               {.fd = run->source->wait_fd, .events = POLLIN}};
    (void)fflush(stdout); /* who reads results should not wait for them, too */
    const uint64_t now_ms = ph_now_ms();
    const int timeout = sooner(meter_timeout(&run->meter, now_ms), due_timeout(run, now_ms));
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
        if (is_done(run, waits_for_source))
            break;
        wait_for_something(run, waits_for_source);
        obey_signals(run);
        meter_show(&run->meter, &run->tally, ph_now_ms());
    }
    meter_clear(&run->meter);
    results_sum_up(&run->results, &run->tally, run->error, (double)(ph_now_ms() - begun_ms) / 1000);
    (void)fflush(stdout);
    sender_quit(run->sender);
    waiting_release(&run->waiting);
    return run->error;
}
