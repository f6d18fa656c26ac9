/* SPDX-License-Identifier: MIT */
/*
 * A file read forwards in lines, with the offset of each; a line may be longer than the memory it
 * is read with, and comes in pieces then.
 */
#ifndef CLI_BULK_LINES_OF_FILE_H
#define CLI_BULK_LINES_OF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines_of_file {
    int fd;
    bool is_slow; /* a pipe or terminal, which is read only if it has something */
    int failure;  /* errno of a read that failed; EAGAIN: there is nothing yet */
    char *buffer;
    size_t at, filled;
    uint64_t offset; /* of the byte at @at */
    bool is_in_line;
    bool is_at_end;
};

/* A line with its end, or a piece of a long one. Valid until the next is read. */
struct line_piece {
    const char *bytes;
    size_t n;
    uint64_t offset;
    bool begins_line;
    bool ends_line; /* also the last line, without a line end */
};

/** Begins where @p fd, which is borrowed, stands. @return false without memory */
bool lines_of_file_begin(struct lines_of_file *lines, int fd);

/** @return there was a piece; if not, failure tells whether that was the end (0) */
bool lines_of_file_next(struct lines_of_file *lines, struct line_piece *piece);

void lines_of_file_release(struct lines_of_file *lines);

#endif
