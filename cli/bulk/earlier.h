/* SPDX-License-Identifier: MIT */
/* What earlier runs did of a message, as the checkpoint knows it. */
#ifndef CLI_BULK_EARLIER_H
#define CLI_BULK_EARLIER_H

#include "run.h"

enum earlier {
    EARLIER_NOTHING, /* the message is to be sent, to all or to the recipients that are left */
    EARLIER_ALL,     /* nothing is left to do: it was counted */
    EARLIER_NO_MEMORY
};

/** Takes those recipients out of a message that earlier runs settled, and counts what they did. */
enum earlier earlier_settle(struct run *run, struct item *item);

#endif
