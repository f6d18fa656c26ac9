/* SPDX-License-Identifier: MIT */
/*
 * One run of `posthaste bulk`: messages from a source to a pool, as many as it has room for, what
 * became of them to the checkpoint, to stdout and to the tally; until all is done, a signal stops
 * it, or the server cannot be used.
 */
#ifndef CLI_BULK_RUN_H
#define CLI_BULK_RUN_H

#include "checkpoint.h"
#include "cli/command.h"
#include "meter.h"
#include "outage.h"
#include "results.h"
#include "sender.h"
#include "source.h"
#include "tally.h"
#include "waiting.h"

struct run {
    const struct command *command;
    struct source *source;
    struct checkpoint *checkpoint; /* NULL: none */
    struct sender *sender;
    struct results results;
    struct meter meter;
    struct tally tally;
    uint64_t retries; /* of a message that was refused for now, or whose connection was lost; and
                         of a server that cannot be had */
    bool retries_refused; /* what earlier runs knew as refused, or did not know the end of */
    bool retries_unknown;
    uint64_t progress_ms; /* between lines; 0: as meter.h says */
    bool shows_progress;

    struct waiting waiting; /* what is to be sent again */
    struct outage outage;
    bool had_session;      /* the server could be had */
    bool has_ended;        /* the source was read to its end, or as far as it goes */
    bool is_stopping;      /* no more messages are begun */
    bool is_other_source;  /* it is not what the checkpoint was written for */
    int signals;           /* how many were obeyed */
    const ph_error *error; /* why it ended early: problem's */
    struct problem problem;
};

/** Takes an item back, to send it again later, to all of its recipients or to the rest, or to tell
 * of its end. A sender_done_fn; its user data is the run. */
void run_take_back(struct item *item, const ph_result *result, const ph_error *error,
                   void *user_data);

/** Begins no more messages; what is under way ends as the server says. */
void run_stop(struct run *run);

/** The same for a reason, which is kept if it is the first. */
void run_give_up(struct run *run, const ph_error *error);

/** The same because the checkpoint cannot be written. */
void run_lose_checkpoint(struct run *run, int failure);

/** What is told of a message that is let go of because the run ends. */
extern const ph_error run_let_go;

/** Runs to the end. @return NULL, or why it ended early (a signal is no such reason) */
const ph_error *run_all(struct run *run);

#endif
