/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629): well-formed sequences, and text made safe to print. */
#ifndef PH_BASE_UTF8_H
#define PH_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** @return the length (1 to 4) of the well-formed sequence that @p bytes begins with, 0 if it is
 * none */
size_t ph__utf8_sequence(const uint8_t *bytes, size_t n);

/** @return all of @p bytes is well-formed */
bool ph__utf8_is_valid(const uint8_t *bytes, size_t n);

/** @return @p n, or less where the text ends in the first bytes of a character that it was cut in
 */
size_t ph__utf8_whole_length(const uint8_t *bytes, size_t n);

/**
 * Writes bytes so that they can be shown anywhere: control bytes (C0 but LF, DEL, C1) and what is
 * not UTF-8 become \r, \t or \xHH, a backslash is doubled. Always ends with NUL; stops at a whole
 * character where room ends.
 *
 * @param room  at least 1
 * @return the length written without the NUL
 */
size_t ph__escape(char *out, size_t room, const void *bytes, size_t n);

#endif
