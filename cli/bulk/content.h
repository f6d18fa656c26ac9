/* SPDX-License-Identifier: MIT */
/*
 * What a message consists of: bytes in memory, or a part of a file that is read when the message's
 * turn has come, so that memory does not grow with the messages.
 */
#ifndef CLI_BULK_CONTENT_H
#define CLI_BULK_CONTENT_H

#include <stdint.h>

#include <posthaste/message.h>

#include "bytes.h"
#include "cli/problem.h"
#include "filter.h"

enum {
    content_kept = 256 * 1024 /* smaller messages are read at once; headers must be smaller */
};

struct content {
    struct bytes memory; /* all of it, if is_in_memory */
    bool is_in_memory;
    char *path;     /* the file; freed by content_release. NULL: memory, or a file that is open */
    int fd;         /* -1 while it is not open */
    bool owns_fd;   /* it is closed again */
    bool is_stored; /* it passes the filter */
    enum from_quoting quoting;
    uint64_t begin, end; /* its part of the file; end is UINT64_MAX for all of it */
    int failure;         /* errno of a read that failed */
    struct content_reading *reading;
};

/** No content at all; what is to be released later begins with this. */
struct content content_none(void);

/** Opens the file that path names. @return 0, or errno */
int content_open(struct content *content);

/**
 * Reads up to content_kept bytes from the beginning, unfiltered.
 * @param head  receives them
 * @param is_all  receives whether that is the whole content
 * @return 0, or errno
 */
int content_read_head(struct content *content, struct bytes *head, bool *is_all);

/** Makes @p head, the whole of it, the content in memory, filtered if it is_stored; the file is
 * closed. @return false without memory */
bool content_keep(struct content *content, const struct bytes *head);

/** Gives the content to a message; it must stay until the message was sent.
 * @return what ph_message_set_content... returns */
int content_give(struct content *content, ph_message *message);

/** Lets the next reading begin at the first byte, whatever was read before. */
void content_rewind(struct content *content);

/** A ph_read_fn; its user data is the content. At the end it rewinds. */
int content_read(void *buffer, size_t size, size_t *length, void *user_data);

void content_release(struct content *content);

#endif
