/* SPDX-License-Identifier: MIT */
/* What the system says of an errno. */
#ifndef PH_BASE_SYSTEM_ERROR_H
#define PH_BASE_SYSTEM_ERROR_H

#include <stddef.h>

enum {
    ph__system_error_size = 256 /* room for any text there is, in any language */
};

/**
 * Writes what @p number means, in the language of the thread's locale; "error 12345" if the system
 * does not know it, or @p room is too small. Unlike strerror it may be called by several threads at
 * once.
 * @param room  at least 1
 * @return @p out
 */
const char *ph__system_error(int number, char *out, size_t room);

#endif
