/* SPDX-License-Identifier: MIT */
/* How often which length of time was seen, within an eighth, in memory that does not grow. */
#ifndef PH_POOL_HISTOGRAM_H
#define PH_POOL_HISTOGRAM_H

#include <stdint.h>

enum {
    ph__histogram_size = 8 * 62
};

struct ph__histogram {
    uint64_t total;
    uint32_t counts[ph__histogram_size];
};

void ph__histogram_add(struct ph__histogram *histogram, uint64_t value);

/** @return the value that the given part (0 to 1) of all do not exceed, within an eighth; 0 if
 * there is none */
uint64_t ph__histogram_quantile(const struct ph__histogram *histogram, double fraction);

#endif
