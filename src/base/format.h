/* SPDX-License-Identifier: MIT */
/* Formatted text in a caller's room, for floors that see no stdio. */
#ifndef PH_BASE_FORMAT_H
#define PH_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#include <posthaste/api.h>

/**
 * Writes formatted text, cut where room ends, always with a NUL behind it.
 * @param room  at least 1
 * @return the length of what was written, without the NUL
 */
size_t ph__format(char *out, size_t room, const char *format, ...) PH_PRINTF(3, 4);
size_t ph__vformat(char *out, size_t room, const char *format, va_list arguments) PH_PRINTF(3, 0);

#endif
