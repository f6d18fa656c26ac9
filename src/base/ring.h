/* SPDX-License-Identifier: MIT */
/* Places in a ring of any size, without a division: those cost more than what stands there. */
#ifndef PH_BASE_RING_H
#define PH_BASE_RING_H

#include <stddef.h>

/** @return the place of the one that is @p index behind @p head; both are less than @p size */
static inline size_t ph__ring_at(size_t head, size_t index, size_t size)
{
    const size_t at = head + index;
    return at < size ? at : at - size;
}

/** @return the place behind @p at */
static inline size_t ph__ring_next(size_t at, size_t size)
{
    return ph__ring_at(at, 1, size);
}

#endif
