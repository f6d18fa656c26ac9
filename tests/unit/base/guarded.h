/* SPDX-License-Identifier: MIT */
/* Input in a block that ends where reading is forbidden: one byte too far, and the test dies. */
#ifndef TESTS_UNIT_BASE_GUARDED_H
#define TESTS_UNIT_BASE_GUARDED_H

#include <stddef.h>
#include <stdint.h>

struct guarded {
    uint8_t *bytes; /* for n == 0 too: it must not be read then */
    size_t n;
    void *pages;
    size_t n_pages_bytes;
};

/** Copies @p n bytes to just below a page without access. */
void guarded_init(struct guarded *guarded, const void *bytes, size_t n);
void guarded_release(struct guarded *guarded);

#endif
