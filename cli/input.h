/* SPDX-License-Identifier: MIT */
/* The message that is sent: a file or standard input, read piece by piece, with its progress. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "problem.h"
#include "progress.h"

struct input {
    const char *name; /* as a sentence calls it */
    int fd;
    int failure; /* errno of a read that failed */
    struct progress progress;
};

/**
 * Opens @p path; NULL and "-" are standard input.
 * @param shows_progress  whether to draw a bar, if there is a terminal and the message is large
 * @return NULL, or why it cannot be read
 */
const ph_error *input_open(struct input *input, const char *path, bool shows_progress,
                           struct problem *problem);

/** A ph_read_fn; its user data is the input. */
int input_read(void *buffer, size_t size, size_t *length, void *user_data);

void input_close(struct input *input);

#endif
