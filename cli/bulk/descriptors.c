/* SPDX-License-Identifier: MIT */
#include "descriptors.h"

#include <sys/resource.h>

enum {
    of_connection = 3, /* itself, the look-up of its server, and the file that it sends */
    of_others = 64
};

void descriptors_allow(uint64_t connections)
{
    struct rlimit limit;
    const rlim_t needed = (rlim_t)(of_connection * connections + of_others);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= needed)
        return;
    limit.rlim_cur =
        limit.rlim_max != RLIM_INFINITY && limit.rlim_max < needed ? limit.rlim_max : needed;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections are opened then */
}
