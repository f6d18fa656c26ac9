/* SPDX-License-Identifier: MIT */
/* What `posthaste bulk` tells of its messages on stdout: in lines, or as a JSON object a line. */
#ifndef CLI_BULK_RESULTS_H
#define CLI_BULK_RESULTS_H

#include "cli/command.h"
#include "item.h"
#include "tally.h"

struct results {
    bool json;
    bool quiet;
};

/**
 * Tells how a message ended, and what was gathered of its recipients; without JSON, only if not all
 * of it went well.
 * @param error  of the last attempt, NULL if it sent the message
 */
void results_tell(const struct results *results, const struct item *item, enum known_state state,
                  const ph_error *error);

/** Tells of a message that an earlier run may have sent, and that is passed over therefore. */
void results_tell_unknown(const struct results *results, const struct item *item);

/** Tells how many ended how. @param error  why the run ended early; NULL if it did not */
void results_sum_up(const struct results *results, const struct tally *tally, const ph_error *error,
                    double seconds);

#endif
