/* SPDX-License-Identifier: MIT */
/*
 * Where a message's content comes from: memory, a descriptor, a stream, a callback, or a writer
 * that pushes. Whatever it is, the connection sees pieces of bytes and their end.
 */
#ifndef PH_CONNECTION_SOURCE_H
#define PH_CONNECTION_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <posthaste/message.h>

#include "base/slice.h"

enum ph__source_kind {
    PH__SOURCE_MEMORY,
    PH__SOURCE_FD,
    PH__SOURCE_FILE,
    PH__SOURCE_CALLBACK,
    PH__SOURCE_PUSHED
};

enum ph__source_outcome {
    PH__SOURCE_PIECE,       /* here are bytes, perhaps the last */
    PH__SOURCE_NOTHING_YET, /* only from a pushed source */
    PH__SOURCE_FAILED       /* source->problem and system_errno say why */
};

/* Set up by ph__source_...; memory, descriptor and stream stay the caller's. */
struct ph__source {
    enum ph__source_kind kind;
    bool is_last; /* nothing follows what was pushed */
    int system_errno;
    const char *problem;
    union {
        struct ph__slice memory; /* or what was pushed */
        struct {
            int fd;
            FILE *file;
            off_t begin; /* where it stood at first; -1: it cannot go back there */
        };
        struct {
            ph_read_fn read;
            ph_rewind_fn rewind; /* NULL: what was read is gone */
            void *user_data;
        };
    };
};

struct ph__source ph__source_memory(const void *bytes, size_t n);
struct ph__source ph__source_fd(int fd);
struct ph__source ph__source_file(FILE *file);
struct ph__source ph__source_callback(ph_read_fn read, void *user_data);
struct ph__source ph__source_pushed(void);

/** Gives a pushed source its next bytes, lent until they are asked for again. */
void ph__source_push(struct ph__source *source, const void *bytes, size_t n, bool is_last);

/** @return the source reads into a buffer of the caller's */
static inline bool ph__source_needs_buffer(const struct ph__source *source)
{
    return source->kind == PH__SOURCE_FD || source->kind == PH__SOURCE_FILE ||
           source->kind == PH__SOURCE_CALLBACK;
}

/** Lets the source be read from its first byte again. @return false: it cannot */
bool ph__source_rewind(struct ph__source *source);

/**
 * @return how many bytes the source's regular file has from where it stands to its end, if they end
 * in CRLF; 0 for any other source, and for a file that cannot be sent as it is
 */
size_t ph__source_file_rest(const struct ph__source *source);

/**
 * Takes the next piece. Memory is given whole, each time from its start.
 *
 * @param buffer   where it may be read to, of @p size bytes; not used unless a buffer is needed
 * @param piece    receives the bytes: of the buffer, or the source's own
 * @param is_last  receives whether the content ends with them
 */
enum ph__source_outcome ph__source_next(struct ph__source *source, void *buffer, size_t size,
                                        struct ph__slice *piece, bool *is_last);

#endif
