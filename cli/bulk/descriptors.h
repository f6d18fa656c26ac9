/* SPDX-License-Identifier: MIT */
/* How many files a process may have open: the usual limit is too low for many connections. */
#ifndef CLI_BULK_DESCRIPTORS_H
#define CLI_BULK_DESCRIPTORS_H

#include <stdint.h>

/** Raises the limit, as far as the system allows it, to what so many connections may need. */
void descriptors_allow(uint64_t connections);

#endif
