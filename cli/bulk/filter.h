/* SPDX-License-Identifier: MIT */
/*
 * What a stored message loses on its way out: header fields that are nobody else's business (Bcc,
 * Return-Path), and the ">" that an mbox put before "From ". All else passes unchanged.
 */
#ifndef CLI_BULK_FILTER_H
#define CLI_BULK_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/* How lines that begin with "From " were protected. */
enum from_quoting {
    QUOTING_NONE,
    QUOTING_MBOXRD, /* every ">...>From " has one ">" more than it had */
    QUOTING_MBOXO   /* ">From " may have been "From ", ">>From " was ">>From " */
};

struct filter {
    enum from_quoting quoting;
    bool is_in_header;
    bool is_in_line;  /* the last piece did not end its line */
    bool is_dropping; /* the field that this line belongs to */
};

/** Begins with a message's first byte. */
struct filter filter_begin(enum from_quoting quoting);

/* What passes of a piece: a part of the input; n is 0 if nothing does. */
struct passed {
    const char *bytes;
    size_t n;
};

/**
 * Looks at the next bytes of a message.
 *
 * @param is_last  nothing comes behind these @p n bytes
 * @return how many bytes were looked at; 0 if more are needed than @p n (never with 64 or more, or
 *         with the last ones)
 */
size_t filter_next(struct filter *filter, const char *bytes, size_t n, bool is_last,
                   struct passed *passed);

#endif
