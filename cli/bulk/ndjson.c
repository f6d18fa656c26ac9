/* SPDX-License-Identifier: MIT */
/*
 * Lines of JSON, one message each: {"from", "to", "parameters", "body" or "path"}. A line that
 * cannot be understood ends the reading, since nobody knows what those behind it are then; an
 * address that is none, or a file that cannot be read, concerns its own message alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/printable.h"
#include "cli/suggestion.h"
#include "identity.h"
#include "lines_of_file.h"
#include "source.h"

enum {
    line_max = 64 * 1024 * 1024 /* one that never ends must not take all memory */
};

struct ndjson {
    struct source source;
    const struct envelope_options *envelope;
    int fd;
    struct lines_of_file lines;
    struct bytes line;
    uint64_t offset; /* of the line */
    size_t number;   /* of the line, from 1 */
    struct bytes head;
    struct problem *problem; /* of the call */
};

/* ---- What is wrong --------------------------------------------------------------------------- */

/* Says what is wrong with the line; @p name is shown in the middle. @return false */
static bool refuse(struct ndjson *ndjson, const char *what, const char *name, const char *advice)
{
    char *shown = printable(name);
    (void)problem_set(ndjson->problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                      "%.200s, line %zu: %s%.80s%.200s; nothing from there on was sent",
                      ndjson->source.name, ndjson->number, what, shown ? shown : "?", advice);
    free(shown);
    return false;
}

static bool no_memory(struct ndjson *ndjson)
{
    (void)source_out_of_memory(ndjson->problem);
    return false;
}

static bool check_names(struct ndjson *ndjson, json_t *object, const char *const *allowed)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct suggestion suggestion = suggestion_for(name);
        size_t i = 0;
        for (; allowed[i] && strcmp(allowed[i], name) != 0; i++)
            suggestion_consider(&suggestion, allowed[i]);
        if (allowed[i])
            continue;
        char advice[100] = "\" is not known";
        if (suggestion.nearest)
            (void)snprintf(advice, sizeof advice, "\" is not known (did you mean \"%s\"?)",
                           suggestion.nearest);
        return refuse(ndjson, "the field \"", name, advice);
    }
    return true;
}

/* ---- Addresses and parameters ---------------------------------------------------------------- */

/* Writes a parameter's value as it is sent. @return whether it can be one; NULL: it has none */
static bool parameter_value(const json_t *value, char number[32], const char **text)
{
    *text = NULL;
    if (json_is_string(value)) {
        *text = json_string_value(value);
    } else if (json_is_integer(value)) {
        (void)snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        *text = number;
    }
    return *text || json_is_true(value) || json_is_null(value);
}

static bool add_parameters(struct ndjson *ndjson, ph_address *address, json_t *parameters)
{
    const char *name;
    json_t *value;
    if (!parameters)
        return true;
    if (!json_is_object(parameters))
        return refuse(ndjson,
                      "the field \"parameters\" must be an object such as {\"RET\": \"HDRS\"}", "",
                      "");
    json_object_foreach(parameters, name, value)
    {
        char number[32];
        const char *text;
        const int status = parameter_value(value, number, &text)
                               ? ph_address_add_parameter(address, name, text)
                               : PH_ERR_ARGUMENT;
        if (status == PH_ERR_NO_MEMORY)
            return no_memory(ndjson);
        if (status != PH_OK)
            return refuse(ndjson, "the field \"parameters\": \"", name,
                          "\" is no parameter, or its value cannot be sent; see RFC 5321 section "
                          "4.1.2");
    }
    return true;
}

/* Adds an address, or sets the sender. One that is none refuses the message, not the line. */
static bool take_address(struct ndjson *ndjson, struct item *item, const char *mailbox,
                         json_t *parameters, bool is_sender)
{
    ph_address *address;
    int status =
        !is_sender && *mailbox == '\0' ? PH_ERR_ARGUMENT : ph_address_new(mailbox, NULL, &address);
    if (status == PH_ERR_ARGUMENT) {
        const bool is_told = is_sender ? item_set_sender(item, mailbox, "from")
                                       : item_add_recipient(item, mailbox, "to");
        return is_told || no_memory(ndjson);
    }
    if (status != PH_OK)
        return no_memory(ndjson);
    const bool is_whole = add_parameters(ndjson, address, parameters);
    if (is_whole)
        status = is_sender ? ph_message_set_from_address(item->message, address)
                           : ph_message_add_recipient_address(item->message, address);
    ph_address_free(address);
    return is_whole && (status == PH_OK || no_memory(ndjson));
}

static bool take_sender(struct ndjson *ndjson, struct item *item, json_t *object)
{
    json_t *from = json_object_get(object, "from");
    const char *mailbox = from ? json_string_value(from) : ndjson->envelope->from;
    if (from && !mailbox)
        return refuse(ndjson, "the field \"from\" must be a string", "", "");
    if (!mailbox)
        return refuse(ndjson, "the field \"from\" is missing", "",
                      "; --from gives a sender to all");
    return take_address(ndjson, item, mailbox, json_object_get(object, "parameters"), true);
}

static bool take_recipient(struct ndjson *ndjson, struct item *item, json_t *to)
{
    static const char *const names[] = {"address", "parameters", NULL};
    if (json_is_string(to))
        return take_address(ndjson, item, json_string_value(to), NULL, false);
    const char *mailbox = json_string_value(json_object_get(to, "address"));
    if (!mailbox)
        return refuse(ndjson,
                      "the field \"to\" must be an address, {\"address\": ..., \"parameters\": "
                      "{...}}, or an array of these",
                      "", "");
    return check_names(ndjson, to, names) &&
           take_address(ndjson, item, mailbox, json_object_get(to, "parameters"), false);
}

static bool take_recipients(struct ndjson *ndjson, struct item *item, json_t *object)
{
    const struct option_texts *given = &ndjson->envelope->to;
    json_t *to = json_object_get(object, "to");
    if (!to && given->count == 0)
        return refuse(ndjson, "the field \"to\" is missing", "", "; --to gives recipients to all");
    for (size_t i = 0; !to && i < given->count; i++) {
        if (!take_address(ndjson, item, given->items[i], NULL, false))
            return false;
    }
    if (!json_is_array(to))
        return !to || take_recipient(ndjson, item, to);
    if (json_array_size(to) == 0)
        return refuse(ndjson, "the field \"to\" is empty", "", "");
    for (size_t i = 0; i < json_array_size(to); i++) {
        if (!take_recipient(ndjson, item, json_array_get(to, i)))
            return false;
    }
    return true;
}

/* ---- Content --------------------------------------------------------------------------------- */

static bool take_path(struct ndjson *ndjson, struct item *item, const char *path)
{
    bool is_all = false;
    struct content *content = &item->content;
    content->path = strdup(path);
    int failure = content->path ? content_open(content) : ENOMEM;
    if (failure == 0)
        failure = content_read_head(content, &ndjson->head, &is_all);
    if (failure == 0 && is_all && !content_keep(content, &ndjson->head))
        failure = ENOMEM;
    content_rewind(content);
    if (failure == 0)
        return true;
    return (failure != ENOMEM &&
            item_refuse(item, PH_ERR_SOURCE, PH_PHASE_NONE, failure, "cannot read %.300s", path)) ||
           no_memory(ndjson);
}

static bool take_content(struct ndjson *ndjson, struct item *item, json_t *object)
{
    const json_t *body = json_object_get(object, "body");
    const json_t *path = json_object_get(object, "path");
    if (!body == !path)
        return refuse(ndjson, "either the field \"body\" or the field \"path\" must be there", "",
                      body ? ", not both" : "");
    if (!json_is_string(body ? body : path))
        return refuse(ndjson, "the field \"", body ? "body" : "path", "\" must be a string");
    if (path)
        return take_path(ndjson, item, json_string_value(path));
    item->content.is_in_memory = true;
    return bytes_append(&item->content.memory, json_string_value(body), json_string_length(body)) ||
           no_memory(ndjson);
}

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
    (void)problem_set(ndjson->problem, PH_ERR_SOURCE, PH_PHASE_NONE, failure,
                      "reading %.300s failed behind line %zu", ndjson->source.name, ndjson->number);
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
            ndjson->number++;
            skip_mark(&piece);
        }
        if (ndjson->line.length + piece.n > line_max) {
            (void)refuse(ndjson, "it is longer than 64 MiB", "", "; \"path\" names a file");
            return SOURCE_FAILED;
        }
        if (!bytes_append(&ndjson->line, piece.bytes, piece.n))
            return source_out_of_memory(ndjson->problem);
        if (piece.ends_line && !is_blank(&ndjson->line))
            return SOURCE_ITEM;
    }
    return stop_reading(ndjson);
}

static bool fill_from_object(struct ndjson *ndjson, struct item *item, json_t *object)
{
    static const char *const names[] = {"from", "to", "parameters", "body", "path", NULL};
    if (!json_is_object(object))
        return refuse(ndjson, "it is no object such as {\"from\": ..., \"to\": ..., \"body\": ...}",
                      "", "");
    return check_names(ndjson, object, names) &&
           (item_make_message(item, ndjson->envelope) == PH_OK || no_memory(ndjson)) &&
           take_sender(ndjson, item, object) && take_recipients(ndjson, item, object) &&
           take_content(ndjson, item, object);
}

static bool refuse_json(struct ndjson *ndjson, const json_error_t *error)
{
    char column[32];
    if (json_error_code(error) == json_error_premature_end_of_input)
        return refuse(ndjson, "it ends within an object", "",
                      "; a message has one line to itself (jq -c . makes such lines)");
    (void)snprintf(column, sizeof column, " (column %d)", error->column);
    return refuse(ndjson, "it is not JSON: ", error->text, column);
}

static bool fill_item(struct ndjson *ndjson, struct item *item)
{
    char where[48];
    json_error_t error;
    const struct bytes *line = &ndjson->line;
    (void)snprintf(where, sizeof where, "line %zu", ndjson->number);
    item->where = strdup(where);
    item->identity =
        identity_of_range(ndjson->offset, digest_add(DIGEST_BEGIN, line->data, line->length));
    item->offset = ndjson->offset;
    item->size = line->length;
    if (!item->where || !item->identity)
        return no_memory(ndjson);
    json_t *object =
        json_loadb(line->data, line->length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!object)
        return refuse_json(ndjson, &error);
    const bool is_filled = fill_from_object(ndjson, item, object);
    json_decref(object);
    return is_filled;
}

static enum source_next next_message(struct source *source, struct item **out,
                                     struct problem *problem)
{
    struct ndjson *ndjson = (struct ndjson *)source;
    ndjson->problem = problem;
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
    bytes_release(&ndjson->head);
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
        return problem_set(problem, PH_ERR_NO_MEMORY, PH_PHASE_NONE, 0, "out of memory");
    ndjson->source = (struct source){
        .kind = &kind, .name = is_stdin ? "standard input" : options->path, .is_ordered = true};
    ndjson->envelope = options->envelope;
    ndjson->fd = -1;
    const int failure = open_file(ndjson, options->path);
    if (failure == 0) {
        *source = &ndjson->source;
        return NULL;
    }
    source_free(&ndjson->source);
    return problem_of_file(problem, failure, "cannot read %.300s",
                           is_stdin ? "standard input" : options->path);
}
