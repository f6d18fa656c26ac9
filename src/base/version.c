/* SPDX-License-Identifier: MIT */
/* The library's own version, which a program compares with the one of its headers. */
#include <posthaste/version.h>

const char *ph_version(void)
{
    return PH_VERSION_STRING;
}
