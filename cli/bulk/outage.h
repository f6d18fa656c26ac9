/* SPDX-License-Identifier: MIT */
/*
 * A server that cannot be had: nothing is handed over until it is time to try it again, so that no
 * message is begun while none can leave.
 */
#ifndef CLI_BULK_OUTAGE_H
#define CLI_BULK_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

struct outage {
    uint64_t tries;    /* in a row that got no session */
    bool is_met;       /* by what was handed over last: all of it comes back for the same reason */
    uint64_t until_ms; /* when the server may be tried again */
    uint64_t sessions; /* how many there had been by then */
};

/** Messages are handed over: if they come back without a session, that is another try. */
void outage_try(struct outage *outage);

/** One came back without. @param sessions  as many were opened so far
 * @return it is the first of this try */
bool outage_meet(struct outage *outage, uint64_t sessions, uint64_t now_ms);

/** There was a session: the next failure is the first one again. */
void outage_end(struct outage *outage);

/** @return milliseconds until messages may be handed over; 0: now */
int outage_timeout(const struct outage *outage, uint64_t now_ms);

#endif
