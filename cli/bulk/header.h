/* SPDX-License-Identifier: MIT */
/*
 * The envelope that a stored message's header tells: the sender of Return-Path, else Sender, else
 * From; the recipients of To, Cc and Bcc. What the command line gives goes before.
 */
#ifndef CLI_BULK_HEADER_H
#define CLI_BULK_HEADER_H

#include "item.h"

/* A field of a header (RFC 5322 section 2.2), still folded. */
struct header_field {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

struct header {
    const char *at;
    const char *end;
};

struct header header_of(const char *bytes, size_t n);

/** Finds the next field; lines that are none are passed over. @return there was one */
bool header_next(struct header *header, struct header_field *field);

/** @return whether the header's end, or the message's, is among the bytes */
bool header_is_whole(const char *bytes, size_t n, bool is_all);

/**
 * Fills an item's envelope, and makes its message. An envelope that cannot be had refuses the item.
 * @return false without memory
 */
bool envelope_from_header(struct item *item, const char *bytes, size_t n,
                          const struct envelope_options *options);

/** The sender alone, for messages whose recipient comes from elsewhere. */
bool sender_from_header(struct item *item, const char *bytes, size_t n,
                        const struct envelope_options *options);

/**
 * Reads the head of an item's content, fills its envelope from there, and keeps a small content in
 * memory. What cannot be read or has no envelope refuses the item.
 * @param head  used for the bytes; kept by the caller for the next item
 * @return false without memory
 */
bool stored_message(struct item *item, struct bytes *head, const struct envelope_options *options);

#endif
