/* SPDX-License-Identifier: MIT */
/* How many messages ended how, and what the command exits with for it. */
#ifndef CLI_BULK_TALLY_H
#define CLI_BULK_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include <posthaste/message.h>

#include "known.h"

struct tally {
    uint64_t now[known_states];    /* messages of this run, by how they ended */
    uint64_t before[known_states]; /* those that earlier runs settled; they were passed over */
    /* Recipients of messages that others got: refused for good, now or before, and for now. */
    uint64_t refused_recipients;
    uint64_t refused_before;
    uint64_t failed_recipients;
    bool was_sent_in_part; /* earlier runs sent one to some; now the rest is tried */
    int first_code;        /* the exit code of the first failure, 0 if there was none */
    bool is_incomplete;    /* the source was not read to its end */
};

/** @return how a message ended: what a checkpoint is told. @p error is NULL if it was sent */
enum known_state tally_state_of(const ph_error *error);

/** Counts a message that ended. @param error  what is told of it if nobody got it */
void tally_add(struct tally *tally, enum known_state state, const ph_error *error);

/** @return messages of this run that ended, and those of them that were not sent */
uint64_t tally_done(const struct tally *tally);
uint64_t tally_failed(const struct tally *tally);

/**
 * @return 0 if all were sent, now or before; the code of the first failure if none was; 76 if any
 *         outcome is unknown; 75 if running again may send the rest; 1 if it was refused for good
 */
int tally_exit_code(const struct tally *tally);

#endif
