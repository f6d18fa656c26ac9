/* SPDX-License-Identifier: MIT */
/*
 * What a checkpoint knows a message by: one word of printable ASCII. Digests tell changed sources
 * from unchanged ones; they are no protection against someone who forges them.
 */
#ifndef CLI_BULK_IDENTITY_H
#define CLI_BULK_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

/** What a digest begins with. */
#define DIGEST_BEGIN UINT64_C(0xcbf29ce484222325)

/** @return @p digest continued over @p n bytes (FNV-1a, 64 bits) */
uint64_t digest_add(uint64_t digest, const void *bytes, size_t n);

/** The same over a text and its NUL, so that "a", "b" and "ab" differ. */
uint64_t digest_add_text(uint64_t digest, const char *text);

/** @return "OFFSET-DIGEST", for a message in a file; NULL without memory. Freed with free. */
char *identity_of_range(uint64_t offset, uint64_t digest);

/** @return @p n bytes of a name with %HH for what is not printable ASCII, for blanks and for "%";
 *  NULL without memory. Freed with free. */
char *identity_of_name(const char *name, size_t n);

#endif
