/* SPDX-License-Identifier: MIT */
/* A run of bytes that belongs to somebody else. */
#ifndef PH_BASE_SLICE_H
#define PH_BASE_SLICE_H

#include <stddef.h>
#include <stdint.h>

struct ph__slice {
    const uint8_t *bytes;
    size_t length;
};

#endif
