/* SPDX-License-Identifier: MIT */
/* How an attempt ended for each recipient of a message, which differs with --any-recipient. */
#ifndef CLI_BULK_ENDS_H
#define CLI_BULK_ENDS_H

#include "item.h"
#include "known.h"

struct ends {
    const ph_result *result; /* of the attempt; NULL: it had none */
    const ph_error *error;   /* NULL: the message was sent to somebody */
    bool differ;             /* some recipients were refused, and that concerns them alone */
    enum known_state whole;  /* how it ended for those that were not refused */
    size_t counts[known_states];
};

/** Judges an attempt. @p result and @p error must stay as long as @p ends is used. */
void ends_judge(struct ends *ends, const struct item *item, const ph_result *result,
                const ph_error *error);

/** @return how it ended for recipient @p index of the message */
enum known_state ends_of(const struct ends *ends, size_t index);

#endif
