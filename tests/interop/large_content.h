/* SPDX-License-Identifier: MIT */
/* A message larger than any buffer on its way. */
#ifndef INTEROP_LARGE_CONTENT_H
#define INTEROP_LARGE_CONTENT_H

enum {
    large_size = 64 << 20
};

/** @return large_size bytes: lines of many lengths, some with leading dots; to be freed */
char *large_content(void);

#endif
