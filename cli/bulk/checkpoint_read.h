/* SPDX-License-Identifier: MIT */
/* What stands in the file of a checkpoint: whose it is, and what earlier runs knew. */
#ifndef CLI_BULK_CHECKPOINT_READ_H
#define CLI_BULK_CHECKPOINT_READ_H

#include "checkpoint.h"

/* It begins with this line; the source line comes next. */
extern const char checkpoint_first_line[];

/** Writes "source KIND DIGEST PATH". @return false without memory */
bool checkpoint_source_line(const struct source *source, uint64_t job, struct bytes *line);

/**
 * Reads the file from its beginning. The checkpoint's length is that of its whole lines then; it is
 * 0 if the file has none.
 * @param ours  the source line that it must have
 * @return NULL, or why it cannot be used
 */
const ph_error *checkpoint_read(struct checkpoint *checkpoint, FILE *file, const char *ours,
                                struct problem *problem);

#endif
