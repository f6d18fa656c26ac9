/* SPDX-License-Identifier: MIT */
/*
 * Where messages come from, one after the other: a Maildir, an mbox, lines of JSON, a template with
 * a list of recipients. A source reads no further than it is asked to.
 */
#ifndef CLI_BULK_SOURCE_H
#define CLI_BULK_SOURCE_H

#include "item.h"

enum source_format {
    FORMAT_AUTO, /* a folder is a Maildir, what begins with "From " an mbox, all else NDJSON */
    FORMAT_MAILDIR,
    FORMAT_MBOX, /* mboxrd */
    FORMAT_MBOXO,
    FORMAT_NDJSON
};

enum source_next {
    SOURCE_ITEM,
    SOURCE_END,
    SOURCE_WAIT,  /* nothing yet: a pipe's writer takes his time; wait_fd tells when to ask again */
    SOURCE_FAILED /* nothing behind this can be read */
};

struct source {
    const struct source_kind *kind;
    const char *name; /* as a sentence calls it: a path, "standard input" */
    char *path;       /* as it was given; "-" for standard input; freed with the source */
    /* How much there is, in messages or in bytes (the unit of item.size); 0 if nobody knows. */
    uint64_t total;
    bool counts_messages;
    /* Messages come in the order of their offsets, so that what stood before the last one that is
     * known must be known as well, unless the source was changed. */
    bool is_ordered;
    int wait_fd;     /* readable when there is more, after SOURCE_WAIT */
    uint64_t digest; /* of what all messages have in common, such as the template */
};

struct source_kind {
    const char *name; /* in checkpoints: "maildir" */
    enum source_next (*next)(struct source *source, struct item **item, struct problem *problem);
    void (*free)(struct source *source); /* all but the source's own path */
};

/* What is to be read, and how. */
struct source_options {
    int format;                              /* enum source_format */
    const char *path;                        /* NULL with a template */
    const char *templ;                       /* a file with {{field}}s; NULL for none */
    const char *recipients;                  /* the CSV that goes with it */
    const struct envelope_options *envelope; /* must stay as long as the source */
};

/**
 * Opens a source.
 * @param source  receives it; freed with source_free. NULL on failure
 * @return NULL, or why it cannot be read
 */
const ph_error *source_open(const struct source_options *options, struct source **source,
                            struct problem *problem);

/**
 * @param item     receives the next message, with SOURCE_ITEM; the caller frees it
 * @param problem  receives what is wrong, with SOURCE_FAILED
 */
enum source_next source_next(struct source *source, struct item **item, struct problem *problem);

/** NULL is allowed. */
void source_free(struct source *source);

/* The kinds; source_open chooses. Arguments and results as there; @p source is not touched on
 * failure. */
const ph_error *maildir_open(const struct source_options *options, struct source **source,
                             struct problem *problem);
const ph_error *mbox_open(const struct source_options *options, struct source **source,
                          struct problem *problem);
const ph_error *ndjson_open(const struct source_options *options, struct source **source,
                            struct problem *problem);
const ph_error *mailing_open(const struct source_options *options, struct source **source,
                             struct problem *problem);

/** Records that memory is short. @return SOURCE_FAILED */
enum source_next source_out_of_memory(struct problem *problem);

#endif
