/* SPDX-License-Identifier: MIT */
/* The clock that programs ask on behalf of what never asks one itself. */
#include <posthaste/connection.h>

#include <time.h>

uint64_t ph_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}
