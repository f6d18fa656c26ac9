/* SPDX-License-Identifier: MIT */
/* Comparing protocol words: ASCII letters without regard to case, whatever the locale. */
#ifndef PH_BASE_ASCII_H
#define PH_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/** @return the two strings are equal but for the case of ASCII letters */
bool ph__ascii_equal(const char *a, const char *b);

/** @return @p text begins with @p prefix, but for the case of ASCII letters */
bool ph__ascii_starts_with(const char *text, const char *prefix);

/** @return @p text has a byte below 0x20 or DEL */
bool ph__has_control_bytes(const char *text);

#endif
