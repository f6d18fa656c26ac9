/* SPDX-License-Identifier: MIT */
#include "pool/rate.h"

static const double wait_ms_max = 1e15; /* some thirty thousand years: fits every integer here */

/* What may go at once after a pause: at least one, at most a tenth of a second's worth, so that a
 * rate is kept over short times too. */
static double depth(double per_second)
{
    const double burst = per_second / 10;
    return burst < 1 ? 1 : burst;
}

bool ph__rate_take(struct ph__rate *rate, double per_second, uint64_t now_ms)
{
    if (per_second <= 0)
        return true;
    if (rate->filled_ms == 0)
        rate->tokens = depth(per_second);
    else if (now_ms > rate->filled_ms)
        rate->tokens += (double)(now_ms - rate->filled_ms) * per_second / 1000;
    if (rate->tokens > depth(per_second))
        rate->tokens = depth(per_second);
    rate->filled_ms = now_ms;
    if (rate->tokens < 1)
        return false;
    rate->tokens -= 1;
    return true;
}

uint64_t ph__rate_next(const struct ph__rate *rate, double per_second, uint64_t now_ms)
{
    const double missing = rate->tokens < 1 ? 1 - rate->tokens : 0;
    const double wait_ms = missing * 1000 / per_second;
    return now_ms + (wait_ms < wait_ms_max ? (uint64_t)wait_ms : (uint64_t)wait_ms_max) + 1;
}
