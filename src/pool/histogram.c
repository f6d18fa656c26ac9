/* SPDX-License-Identifier: MIT */
/* Eight steps to each power of two. */
#include "pool/histogram.h"

#include <stddef.h>

static const uint64_t steps = 8;

/* Values below 8 have a place of their own; the others, one for each of their first four bits. */
static size_t place_of(uint64_t value)
{
    unsigned shift = 0;
    while (value >> shift >= 2 * steps)
        shift++;
    return value < steps ? (size_t)value : (size_t)(shift * steps + (value >> shift));
}

/* @return the largest value of a place */
static uint64_t largest_of(size_t place)
{
    if (place < 2 * steps)
        return place;
    const unsigned shift = (unsigned)(place / steps - 1);
    return ((uint64_t)(place % steps + steps + 1) << shift) - 1;
}

void ph__histogram_add(struct ph__histogram *histogram, uint64_t value)
{
    const size_t place = place_of(value);
    histogram->total++;
    histogram->counts[place < ph__histogram_size ? place : ph__histogram_size - 1]++;
}

uint64_t ph__histogram_quantile(const struct ph__histogram *histogram, double fraction)
{
    if (histogram->total == 0)
        return 0;
    const double wanted = fraction * (double)histogram->total;
    uint64_t seen = 0;
    for (size_t i = 0; i < ph__histogram_size; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted)
            return largest_of(i);
    }
    return largest_of(ph__histogram_size - 1);
}
