/* SPDX-License-Identifier: MIT */
/*
 * What became of which message, kept in a file so that a run that was interrupted goes on where it
 * was. Lines are only ever added: "begun ID" before a message is handed over, and how it ended
 * behind that. A message that was begun and has no end may have been delivered. Where it is not the
 * same for all recipients, "failed ID RECIPIENT" says it of one, and goes before what is said of
 * the message.
 *
 * Lines "begun" are on the disk before any of their messages leaves, so that even after a loss of
 * power no message is sent twice unknowingly. A line cut off by a crash is dropped.
 */
#ifndef CLI_BULK_CHECKPOINT_H
#define CLI_BULK_CHECKPOINT_H

#include <stdint.h>
#include <stdio.h>

#include "bytes.h"
#include "cli/problem.h"
#include "ends.h"
#include "known.h"
#include "source.h"

struct checkpoint {
    const char *path;
    int fd;
    FILE *stream;        /* reads the file, and closes fd */
    uint64_t length;     /* of the whole lines in the file */
    bool has_failed;     /* half a line stands at its end: nothing is written any more */
    bool is_ordered;     /* as of the source */
    struct known known;  /* what earlier runs knew, of messages and of single recipients */
    struct known parted; /* the messages of those recipients; the states mean nothing */
    bool has_begun;      /* an ordered source: whether any message was begun, and the last one's */
    uint64_t last_offset;
    struct bytes pending; /* lines to be written by the next commit */
    bool is_unsynced; /* some of them were written before it, and are not on the disk for sure */
};

/**
 * Opens the file, or makes it, and locks it; reads what earlier runs knew.
 *
 * @param job  a digest of what else decides which message goes to whom: options
 * @return NULL, or why this checkpoint cannot be used: of another source, in use, damaged
 */
const ph_error *checkpoint_open(struct checkpoint *checkpoint, const char *path,
                                const struct source *source, uint64_t job, struct problem *problem);

/** @return what earlier runs knew of the message */
enum known_state checkpoint_state(const struct checkpoint *checkpoint, const struct item *item);

/** @return earlier runs knew something of single recipients of the message */
bool checkpoint_knows_parts(const struct checkpoint *checkpoint, const struct item *item);

/** @param state  receives what they knew of this one. @return false without memory */
bool checkpoint_recipient_state(const struct checkpoint *checkpoint, const struct item *item,
                                const char *mailbox, enum known_state *state);

/** @return the message is new where all must be known, so that the source is not what it was */
bool checkpoint_contradicts(const struct checkpoint *checkpoint, const struct item *item);

/** Notes that a message is about to be handed over. @return false without memory */
bool checkpoint_begin(struct checkpoint *checkpoint, const struct item *item);

/** Brings what was begun to the disk. @return 0, or errno: then none of them may be sent, and
 * nothing is said of how they ended, or those read before them could be missing in the file */
int checkpoint_commit(struct checkpoint *checkpoint);

/** Writes how an attempt ended for the recipients of a message, behind what was begun before: what
 * comes later in the source must not be known without what comes before it. @return 0, or errno: it
 * stays begun */
int checkpoint_end(struct checkpoint *checkpoint, const struct item *item, const struct ends *ends);

/** Brings all to the disk and lets the file go. @return 0, or errno */
int checkpoint_close(struct checkpoint *checkpoint);

#endif
