/* SPDX-License-Identifier: MIT */
/* How many of something per second: a bucket that fills as time goes by.
 */
#ifndef PH_POOL_RATE_H
#define PH_POOL_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct ph__rate {
    double tokens;
    uint64_t filled_ms; /* 0: never */
};

/** @param per_second  0: no limit. @return one may go now, and has been taken from the bucket */
bool ph__rate_take(struct ph__rate *rate, double per_second, uint64_t now_ms);

/** @return when the next one may go, after ph__rate_take said no */
uint64_t ph__rate_next(const struct ph__rate *rate, double per_second, uint64_t now_ms);

#endif
