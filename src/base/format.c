/* SPDX-License-Identifier: MIT */
/* Formatted text in a caller's room, for floors that see no stdio. */
#include "base/format.h"

#include <stdio.h>

size_t ph__vformat(char *out, size_t room, const char *format, va_list arguments)
{
    const int length = vsnprintf(out, room, format, arguments);
    if (length < 0) {
        out[0] = '\0';
        return 0;
    }
    return (size_t)length < room ? (size_t)length : room - 1;
}

size_t ph__format(char *out, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t length = ph__vformat(out, room, format, arguments);
    va_end(arguments);
    return length;
}
