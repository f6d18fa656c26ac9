/* SPDX-License-Identifier: MIT */
/*
 * Lines of JSON, one message each: {"from", "to", "parameters", "body" or "path"}. A line that
 * cannot be understood ends the reading, since nobody knows what those behind it are then; an
 * address that is none, or a file that cannot be read, concerns its own message alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity.h"
#include "json_reader.h"
#include "lines_of_file.h"
#include "source.h"

enum {
    line_max = 64 * 1024 * 1024 /* one that never ends must not take all memory */
};

struct ndjson {
    struct source source;
    struct json_reader reader;
    int fd;
    struct lines_of_file lines;
    struct bytes line;
    uint64_t offset; /* of the line */
};

/* ---- Lines ----------------------------------------------------------------------------------- */

static bool is_blank(const struct bytes *line)
{
    return strspn(line->data, " \t\r\n") == line->length;
}

static enum source_next stop_reading(struct ndjson *ndjson)
{
    const int failure = ndjson->lines.failure;
    if (failure == EAGAIN)
        return SOURCE_WAIT;
    if (failure == 0)
        return SOURCE_END;
    (void)problem_set(ndjson->reader.problem, PH_ERR_SOURCE, PH_PHASE_NONE, failure,
                      "reading %.300s failed behind line %zu", ndjson->source.name,
                      ndjson->reader.number);
    return SOURCE_FAILED;
}

/* Some programs begin files with a byte order mark, which is not JSON (RFC 8259 section 8.1). */
static void skip_mark(struct line_piece *piece)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (piece->offset > 0 || piece->n < 3 || memcmp(piece->bytes, mark, 3) != 0)
        return;
    piece->bytes += 3;
    piece->n -= 3;
}

/* Reads on, up to the end of the next line that is not blank. */
static enum source_next read_line(struct ndjson *ndjson)
{
    struct line_piece piece;
    while (lines_of_file_next(&ndjson->lines, &piece)) {
        if (piece.begins_line) {
            bytes_clear(&ndjson->line);
            ndjson->offset = piece.offset;
            ndjson->reader.number++;
            skip_mark(&piece);
        }
        if (ndjson->line.length + piece.n > line_max) {
            (void)json_reader_refuse(&ndjson->reader, "it is longer than 64 MiB", "",
                                     "; \"path\" names a file");
            return SOURCE_FAILED;
        }
        if (!bytes_append(&ndjson->line, piece.bytes, piece.n))
            return source_out_of_memory(ndjson->reader.problem);
        if (piece.ends_line && !is_blank(&ndjson->line))
            return SOURCE_ITEM;
    }
    return stop_reading(ndjson);
}

static bool refuse_json(struct ndjson *ndjson, const json_error_t *error)
{
    char column[32];
    const char first = ndjson->line.data[strspn(ndjson->line.data, " \t")];
    if (json_error_code(error) == json_error_premature_end_of_input)
        return json_reader_refuse(&ndjson->reader, "it ends within an ",
                                  first == '[' ? "array" : "object",
                                  first == '[' ? "; a message has one line to itself (jq -c '.[]' "
                                                 "makes such lines of an array)"
                                               : "; a message has one line to itself (jq -c . "
                                                 "makes such lines)");
    if (ndjson->reader.number == 1 && first != '{')
        return json_reader_refuse(&ndjson->reader, "it is not JSON, which this was taken for", "",
                                  "; a folder is taken for a Maildir, and a file that begins with "
                                  "\"From \" for an mbox; posthaste send sends a single message");
    (void)snprintf(column, sizeof column, " (column %d)", error->column);
    return json_reader_refuse(&ndjson->reader, "it is not JSON: ", error->text, column);
}

static bool fill_item(struct ndjson *ndjson, struct item *item)
{
    char where[48];
    json_error_t error;
    const struct bytes *line = &ndjson->line;
    (void)snprintf(where, sizeof where, "line %zu", ndjson->reader.number);
    item->where = strdup(where);
    item->identity =
        identity_of_range(ndjson->offset, digest_add(DIGEST_BEGIN, line->data, line->length));
    item->offset = ndjson->offset;
    item->size = line->length;
    if (!item->where || !item->identity)
        return json_reader_no_memory(&ndjson->reader);
    json_t *object =
        json_loadb(line->data, line->length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!object)
        return refuse_json(ndjson, &error);
    const bool is_filled = json_reader_fill(&ndjson->reader, item, object);
    json_decref(object);
    return is_filled;
}

static enum source_next next_message(struct source *source, struct item **out,
                                     struct problem *problem)
{
    struct ndjson *ndjson = (struct ndjson *)source;
    ndjson->reader.problem = problem;
    const enum source_next next = read_line(ndjson);
    if (next != SOURCE_ITEM)
        return next;
    *out = item_new();
    if (!*out)
        return source_out_of_memory(problem);
    if (fill_item(ndjson, *out))
        return SOURCE_ITEM;
    item_free(*out);
    *out = NULL;
    return SOURCE_FAILED;
}

static void free_ndjson(struct source *source)
{
    struct ndjson *ndjson = (struct ndjson *)source;
    lines_of_file_release(&ndjson->lines);
    bytes_release(&ndjson->line);
    bytes_release(&ndjson->reader.head);
    if (ndjson->fd > STDIN_FILENO)
        (void)close(ndjson->fd);
    free(ndjson);
}

static const struct source_kind kind = {
    .name = "ndjson", .next = next_message, .free = free_ndjson};

/* @return 0, or errno */
static int open_file(struct ndjson *ndjson, const char *path)
{
    struct stat status;
    ndjson->source.path = strdup(path);
    if (!ndjson->source.path)
        return ENOMEM;
    ndjson->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (ndjson->fd < 0 || fstat(ndjson->fd, &status) != 0)
        return errno;
    if (S_ISDIR(status.st_mode))
        return EISDIR;
    const off_t position = lseek(ndjson->fd, 0, SEEK_CUR);
    if (S_ISREG(status.st_mode) && position >= 0 && position < status.st_size)
        ndjson->source.total = (uint64_t)(status.st_size - position);
    if (!lines_of_file_begin(&ndjson->lines, ndjson->fd))
        return ENOMEM;
    ndjson->source.wait_fd = ndjson->fd;
    return 0;
}

const ph_error *ndjson_open(const struct source_options *options, struct source **source,
                            struct problem *problem)
{
    const bool is_stdin = strcmp(options->path, "-") == 0;
    struct ndjson *ndjson = calloc(1, sizeof *ndjson);
    if (!ndjson)
        return problem_of_memory(problem);
    ndjson->source = (struct source){
        .kind = &kind, .name = is_stdin ? "standard input" : options->path, .is_ordered = true};
    ndjson->reader =
        (struct json_reader){.source_name = ndjson->source.name, .envelope = options->envelope};
    ndjson->fd = -1;
    const int failure = open_file(ndjson, options->path);
    if (failure == 0) {
        *source = &ndjson->source;
        return NULL;
    }
    source_free(&ndjson->source);
    return problem_of_reading(problem, failure, is_stdin ? "standard input" : options->path);
}
