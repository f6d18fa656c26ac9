/* SPDX-License-Identifier: MIT */
/* What the system says of an errno; strerror may keep its answer in memory that threads share. */
#include "base/system_error.h"

#include <string.h>

#include "base/format.h"

const char *ph__system_error(int number, char *out, size_t room)
{
    /* The function of POSIX, which _POSIX_C_SOURCE selects: glibc's own gives no int. */
    const int failure = strerror_r(number, out, room);
    if (failure != 0)
        (void)ph__format(out, room, "error %d", number);
    return out;
}
