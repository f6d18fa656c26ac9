/* SPDX-License-Identifier: MIT */
/* What content is when it is sent right, written another way than the encoder. */
#ifndef TESTS_FUZZ_CONTENT_MODEL_H
#define TESTS_FUZZ_CONTENT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that grow. All zeros is none. */
struct bytes {
    uint8_t *at;
    size_t n;
    size_t room;
};

void bytes_add(struct bytes *out, const void *bytes, size_t n);
bool bytes_equal(const struct bytes *a, const struct bytes *b);
void bytes_release(struct bytes *bytes);

/** Adds content with each line end made CRLF, and one at its end. */
void content_normalise(const uint8_t *data, size_t size, struct bytes *out);

/** Reads lines behind DATA as a server does (RFC 5321 section 4.5.2), until the line with the dot,
 * which must be the last. */
void content_unstuff(const struct bytes *wire, struct bytes *out);

#endif
