/* SPDX-License-Identifier: MIT */
/* A progress bar on a terminal, for messages large enough to be waited for. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool is_on;
    bool is_drawn;
    uint64_t total; /* 0: unknown */
    uint64_t done;
    uint64_t begun_ms;
    uint64_t drawn_ms;
};

/** Begins, if stderr is a terminal. @param total  bytes to come, 0 if nobody knows */
void progress_begin(struct progress *progress, uint64_t total);

/** So many more bytes went by; draws now and then. */
void progress_add(struct progress *progress, uint64_t n);

/** Removes the bar, so that what follows begins at the margin. */
void progress_end(struct progress *progress);

#endif
