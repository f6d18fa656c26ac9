/* SPDX-License-Identifier: MIT */
/* The options of `posthaste bulk` but for those of the server, and what is wrong with them. */
#ifndef CLI_BULK_BULK_OPTIONS_H
#define CLI_BULK_BULK_OPTIONS_H

#include "cli/options.h"
#include "results.h"
#include "sender.h"
#include "source.h"

struct message_options {
    struct envelope_options envelope;
    int format;
    const char *templ;
    const char *recipients;
};

struct sending_options {
    struct sender_options sender;
    uint64_t retries;
    const char *checkpoint;
    bool retries_refused;
    bool retries_unknown;
};

struct telling_options {
    struct results results;
    uint32_t progress_ms;
};

struct bulk_options {
    struct message_options messages;
    struct sending_options sending;
    struct telling_options telling;
};

/* Their targets are the three parts of struct bulk_options, in this order. */
extern const struct option_group bulk_message_group;
extern const struct option_group bulk_sending_group;
extern const struct option_group bulk_telling_group;

/** Complains of what cannot be, or cannot be together. @return an exit code, EXIT_OK if all is well
 */
int bulk_options_check(const struct command *command, const struct bulk_options *options,
                       const struct operands *operands);

#endif
