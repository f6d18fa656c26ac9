/* SPDX-License-Identifier: MIT */
/* SIGINT, SIGTERM and SIGHUP, counted and made visible to poll. */
#ifndef CLI_BULK_SIGNALS_H
#define CLI_BULK_SIGNALS_H

#include <stdbool.h>

/** Begins to catch them, but SIGHUP not if it is ignored. @return false if there is no pipe for it:
 * errno */
bool signals_catch(void);

/** @return a descriptor that becomes readable with each signal */
int signals_fd(void);

/** @return how many came so far; makes the descriptor silent until the next */
int signals_count(void);

/** Lets them do again what they did before. */
void signals_release(void);

#endif
