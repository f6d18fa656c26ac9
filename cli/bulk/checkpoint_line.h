/* SPDX-License-Identifier: MIT */
/* A line of a checkpoint: "STATE ID" of a message, or "STATE ID RECIPIENT" of one recipient. */
#ifndef CLI_BULK_CHECKPOINT_LINE_H
#define CLI_BULK_CHECKPOINT_LINE_H

#include "bytes.h"
#include "known.h"

struct checkpoint_line {
    enum known_state state;
    char *key;   /* what struct known knows it by: "ID" or "ID RECIPIENT" */
    char *blank; /* between the two; NULL: the line is of the message */
};

/** Appends a line. @param mailbox  NULL: it is of the message. @return false without memory;
 * nothing was added then */
bool checkpoint_line_add(struct bytes *lines, enum known_state state, const char *identity,
                         const char *mailbox);

/** Appends the key of a recipient. @return false without memory */
bool checkpoint_line_key(struct bytes *key, const char *identity, const char *mailbox);

/** Reads a line without its end, which stays in @p text. @return it is one */
bool checkpoint_line_read(struct checkpoint_line *line, char *text);

#endif
