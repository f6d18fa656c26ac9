/* SPDX-License-Identifier: MIT */
/*
 * An mbox (RFC 4155): each message begins with a line "From ..." at the file's beginning or behind
 * an empty line, and the empty line that ends it is not its own. Nothing is kept but the place of
 * the message; it is read again when its turn comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "header.h"
#include "identity.h"
#include "lines_of_file.h"
#include "source.h"

struct mbox {
    struct source source;
    const struct envelope_options *envelope;
    enum from_quoting quoting;
    int fd;
    struct lines_of_file lines;
    bool has_begun;     /* the first "From " line was read */
    bool is_behind;     /* the last message was given */
    uint64_t from_line; /* where the message's "From " line begins */
    uint64_t begin;     /* where the message itself does */
    uint64_t digest;
    size_t count;
    struct bytes head;
};

/* ---- Finding messages ------------------------------------------------------------------------ */

static bool is_from_line(const struct line_piece *piece)
{
    return piece->begins_line && piece->n >= 5 && memcmp(piece->bytes, "From ", 5) == 0;
}

static bool is_empty_line(const struct line_piece *piece)
{
    return piece->begins_line &&
           (piece->bytes[0] == '\n' || (piece->n == 2 && piece->bytes[0] == '\r' &&
                                        piece->ends_line && piece->bytes[1] == '\n'));
}

/* Reads the "From " line that a message begins with, to its end. */
static bool begin_message(struct mbox *mbox, struct line_piece *piece)
{
    mbox->from_line = piece->offset;
    mbox->digest = digest_add(DIGEST_BEGIN, piece->bytes, piece->n);
    while (!piece->ends_line) {
        if (!lines_of_file_next(&mbox->lines, piece))
            return false;
        mbox->digest = digest_add(mbox->digest, piece->bytes, piece->n);
    }
    mbox->begin = piece->offset + piece->n;
    return true;
}

/* Where a message was found. */
struct extent {
    uint64_t from_line, begin, end, next;
    uint64_t digest;
};

/* Reads up to the next message's "From " line, or the end. @return false if reading failed */
static bool find_end(struct mbox *mbox, struct extent *extent)
{
    struct line_piece piece;
    bool follows_empty_line = true; /* a message may have no line at all */
    uint64_t end = mbox->begin;
    *extent = (struct extent){.from_line = mbox->from_line, .begin = mbox->begin};
    while (lines_of_file_next(&mbox->lines, &piece)) {
        if (follows_empty_line && is_from_line(&piece)) {
            extent->digest = mbox->digest;
            extent->end = end;
            extent->next = piece.offset;
            return begin_message(mbox, &piece) || mbox->lines.failure == 0;
        }
        mbox->digest = digest_add(mbox->digest, piece.bytes, piece.n);
        follows_empty_line = is_empty_line(&piece);
        if (!follows_empty_line)
            end = piece.offset + piece.n;
        else if (piece.offset > end) /* an empty line before this one belongs to the message */
            end = piece.offset;
    }
    mbox->is_behind = true;
    extent->digest = mbox->digest;
    extent->end = end;
    extent->next = mbox->lines.offset;
    return mbox->lines.failure == 0;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static bool fill_item(struct mbox *mbox, const struct extent *extent, struct item *item)
{
    char where[64];
    (void)snprintf(where, sizeof where, "message %zu (byte %" PRIu64 ")", ++mbox->count,
                   extent->from_line);
    item->where = strdup(where);
    item->identity = identity_of_range(extent->from_line, extent->digest);
    item->offset = extent->from_line;
    item->size = extent->next - extent->from_line;
    item->content.fd = mbox->fd;
    item->content.quoting = mbox->quoting;
    item->content.begin = extent->begin;
    item->content.end = extent->end;
    return item->where && item->identity && stored_message(item, &mbox->head, mbox->envelope);
}

static enum source_next fail(const struct mbox *mbox, struct problem *problem)
{
    (void)problem_set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, mbox->lines.failure,
                      "reading %.300s failed at byte %" PRIu64, mbox->source.name,
                      mbox->lines.offset);
    return SOURCE_FAILED;
}

static enum source_next begin_file(struct mbox *mbox, struct problem *problem)
{
    struct line_piece piece;
    while (lines_of_file_next(&mbox->lines, &piece)) {
        if (is_empty_line(&piece))
            continue;
        if (is_from_line(&piece) && begin_message(mbox, &piece))
            return SOURCE_ITEM;
        (void)problem_set(problem, PH_ERR_SOURCE, PH_PHASE_NONE, 0,
                          "%.300s is no mbox: it does not begin with a line \"From ...\"; nothing "
                          "was sent",
                          mbox->source.name);
        return SOURCE_FAILED;
    }
    return mbox->lines.failure == 0 ? SOURCE_END : fail(mbox, problem);
}

static enum source_next next_message(struct source *source, struct item **out,
                                     struct problem *problem)
{
    struct mbox *mbox = (struct mbox *)source;
    struct extent extent;
    if (!mbox->has_begun) {
        const enum source_next begun = begin_file(mbox, problem);
        if (begun != SOURCE_ITEM)
            return begun;
        mbox->has_begun = true;
    }
    if (mbox->is_behind)
        return SOURCE_END;
    if (!find_end(mbox, &extent))
        return fail(mbox, problem);
    *out = item_new();
    if (*out && fill_item(mbox, &extent, *out))
        return SOURCE_ITEM;
    item_free(*out);
    *out = NULL;
    return source_out_of_memory(problem);
}

static void free_mbox(struct source *source)
{
    struct mbox *mbox = (struct mbox *)source;
    lines_of_file_release(&mbox->lines);
    bytes_release(&mbox->head);
    if (mbox->fd >= 0)
        (void)close(mbox->fd);
    free(mbox);
}

static const struct source_kind kind = {.name = "mbox", .next = next_message, .free = free_mbox};

/* @return 0, or errno */
static int open_file(struct mbox *mbox, const char *path)
{
    struct stat status;
    mbox->source.path = strdup(path);
    if (!mbox->source.path)
        return ENOMEM;
    mbox->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (mbox->fd < 0 || fstat(mbox->fd, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? EISDIR : ESPIPE;
    mbox->source.total = (uint64_t)status.st_size;
    return lines_of_file_begin(&mbox->lines, mbox->fd) ? 0 : ENOMEM;
}

const ph_error *mbox_open(const struct source_options *options, struct source **source,
                          struct problem *problem)
{
    struct mbox *mbox = calloc(1, sizeof *mbox);
    if (!mbox)
        return problem_of_memory(problem);
    mbox->source = (struct source){.kind = &kind, .name = options->path, .is_ordered = true};
    mbox->envelope = options->envelope;
    mbox->quoting = options->format == FORMAT_MBOXO ? QUOTING_MBOXO : QUOTING_MBOXRD;
    mbox->fd = -1;
    const int failure = open_file(mbox, options->path);
    if (failure == 0) {
        *source = &mbox->source;
        return NULL;
    }
    source_free(&mbox->source);
    return problem_of_file(problem, failure, "cannot read the mbox %.300s", options->path);
}
