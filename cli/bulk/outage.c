/* SPDX-License-Identifier: MIT */
#include "outage.h"

#include "waiting.h"

void outage_try(struct outage *outage)
{
    outage->is_met = false;
}

bool outage_meet(struct outage *outage, uint64_t sessions, uint64_t now_ms)
{
    if (outage->is_met)
        return false;
    outage->is_met = true;
    outage->tries++;
    outage->sessions = sessions;
    /* The pool, which does not open another connection at once either, adds up to a quarter at
     * random: what is handed over then need not wait there. */
    const uint64_t delay_ms = waiting_delay_ms(outage->tries);
    outage->until_ms = now_ms + delay_ms + delay_ms / 4;
    return true;
}

void outage_end(struct outage *outage)
{
    outage->tries = 0;
    outage->until_ms = 0;
}

int outage_timeout(const struct outage *outage, uint64_t now_ms)
{
    return outage->until_ms > now_ms ? (int)(outage->until_ms - now_ms) : 0;
}
