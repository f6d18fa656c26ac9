/* SPDX-License-Identifier: MIT */
/*
 * A template and a list of recipients: one message a line. The whole list is read once before the
 * first message is sent, so that a mistake in its last line is known before the first is out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/printable.h"
#include "csv.h"
#include "header.h"
#include "identity.h"
#include "source.h"
#include "template.h"

enum {
    template_max = 64 * 1024 * 1024
};

struct mailing {
    struct source source;
    const struct envelope_options *envelope;
    const char *path;   /* of the recipients */
    const char *ending; /* of sentences: what became of the messages */
    FILE *file;
    struct csv csv;
    char **names; /* the columns */
    size_t column_count;
    size_t recipient_column;
    struct template templ;
    struct bytes rendered;
};

/* ---- What is wrong --------------------------------------------------------------------------- */

static const ph_error *no_memory(struct problem *problem)
{
    return problem_set(problem, PH_ERR_NO_MEMORY, PH_PHASE_NONE, 0, "out of memory");
}

static const ph_error *cannot_read(const char *path, int failure, struct problem *problem)
{
    return problem_of_file(problem, failure, "cannot read %.300s", path);
}

static const ph_error *refuse_record(const struct mailing *mailing, size_t column, const char *what,
                                     struct problem *problem)
{
    char *name = printable(column < mailing->column_count ? mailing->names[column] : "");
    (void)problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                      "%.200s, line %zu, column \"%.60s\": %s%s", mailing->path,
                      mailing->csv.record_line, name ? name : "?", what, mailing->ending);
    free(name);
    return &problem->error;
}

/* @return NULL if there is a record, or the list's end, which @p is_end tells */
static const ph_error *read_record(struct mailing *mailing, bool *is_end, struct problem *problem)
{
    errno = 0;
    const enum csv_next next = csv_next(&mailing->csv);
    *is_end = next == CSV_END;
    switch (next) {
    case CSV_RECORD:
    case CSV_END:
        return NULL;
    case CSV_FAILED:
        return cannot_read(mailing->path, errno, problem);
    case CSV_NO_MEMORY:
        return no_memory(problem);
    case CSV_MALFORMED:
        break;
    }
    return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                       "%.200s, line %zu, column %zu: %s%s", mailing->path, mailing->csv.line,
                       mailing->csv.column, mailing->csv.wrong, mailing->ending);
}

/* ---- Columns --------------------------------------------------------------------------------- */

static const char *name_of(void *user_data, size_t index)
{
    const struct mailing *mailing = user_data;
    return mailing->names[index];
}

static const char *value_of(void *user_data, size_t index)
{
    const struct mailing *mailing = user_data;
    return csv_field(&mailing->csv, index);
}

static struct template_fields fields_of(struct mailing *mailing)
{
    return (struct template_fields){
        .count = mailing->column_count, .name = name_of, .value = value_of, .user_data = mailing};
}

/* @return the column of that name, the number of columns if there is none */
static size_t find_column(const struct mailing *mailing, const char *name)
{
    for (size_t i = 0; i < mailing->column_count && mailing->names[i]; i++) {
        if (strcasecmp(mailing->names[i], name) == 0)
            return i;
    }
    return mailing->column_count;
}

static const ph_error *choose_recipient(struct mailing *mailing, struct problem *problem)
{
    mailing->recipient_column = find_column(mailing, "to");
    if (mailing->recipient_column == mailing->column_count)
        mailing->recipient_column = find_column(mailing, "email");
    if (mailing->recipient_column < mailing->column_count)
        return NULL;
    char *first = printable(mailing->names[0]);
    (void)problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                      "%.200s: none of its columns is called \"to\" or \"email\"; its first line "
                      "must name them, with commas between (the first is \"%.100s\"); nothing was "
                      "sent",
                      mailing->path, first ? first : "?");
    free(first);
    return &problem->error;
}

static const ph_error *check_names(const struct mailing *mailing, struct problem *problem)
{
    for (size_t i = 0; i < mailing->column_count; i++) {
        for (size_t j = 0; j < i && mailing->names[i] && mailing->names[j]; j++) {
            if (strcmp(mailing->names[i], mailing->names[j]) == 0)
                return refuse_record(mailing, i, "two columns have this name", problem);
        }
    }
    return NULL;
}

static const ph_error *read_columns(struct mailing *mailing, struct problem *problem)
{
    bool is_end;
    const ph_error *error = read_record(mailing, &is_end, problem);
    if (error)
        return error;
    if (is_end)
        return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                           "%.300s is empty: its first line names the columns; nothing was sent",
                           mailing->path);
    mailing->names = calloc(mailing->csv.count, sizeof *mailing->names);
    if (!mailing->names)
        return no_memory(problem);
    for (; mailing->column_count < mailing->csv.count; mailing->column_count++) {
        const char *name = csv_field(&mailing->csv, mailing->column_count);
        mailing->names[mailing->column_count] = strdup(name);
        if (!mailing->names[mailing->column_count])
            return no_memory(problem);
        mailing->source.digest = digest_add_text(mailing->source.digest, name);
    }
    error = check_names(mailing, problem);
    return error ? error : choose_recipient(mailing, problem);
}

/* ---- The template ---------------------------------------------------------------------------- */

static const ph_error *read_text(const char *path, struct bytes *text, struct problem *problem)
{
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "re");
    if (!file)
        return cannot_read(path, errno, problem);
    bool has_room = true;
    while (has_room && (n = fread(piece, 1, sizeof piece, file)) > 0)
        has_room = text->length < template_max && bytes_append(text, piece, n);
    const int failure = !has_room ? EFBIG : ferror(file) ? errno : 0;
    (void)fclose(file);
    return failure == 0 ? NULL : cannot_read(path, failure, problem);
}

static const ph_error *read_template(struct mailing *mailing, const char *path,
                                     struct problem *problem)
{
    struct bytes text = {.data = NULL};
    const struct template_fields fields = fields_of(mailing);
    const ph_error *error = read_text(path, &text, problem);
    if (error) {
        bytes_release(&text);
        return error;
    }
    mailing->source.digest = digest_add(mailing->source.digest, text.data, text.length);
    return template_parse(&mailing->templ, path, &text, &fields, problem);
}

/* ---- Records --------------------------------------------------------------------------------- */

static const ph_error *check_recipient(const struct mailing *mailing, struct problem *problem)
{
    ph_address *address;
    const char *mailbox = csv_field(&mailing->csv, mailing->recipient_column);
    const int status = *mailbox == '\0' ? PH_ERR_ARGUMENT : ph_address_new(mailbox, NULL, &address);
    if (status == PH_OK) {
        ph_address_free(address);
        return NULL;
    }
    return status == PH_ERR_NO_MEMORY ? no_memory(problem)
                                      : refuse_record(mailing, mailing->recipient_column,
                                                      "this is not an address", problem);
}

static const ph_error *render(struct mailing *mailing, struct problem *problem)
{
    size_t refused = 0;
    const struct template_fields fields = fields_of(mailing);
    if (mailing->csv.count != mailing->column_count)
        return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                           "%.200s, line %zu: %zu field%s, but the first line names %zu columns%s",
                           mailing->path, mailing->csv.record_line, mailing->csv.count,
                           mailing->csv.count == 1 ? "" : "s", mailing->column_count,
                           mailing->ending);
    const int status = template_render(&mailing->templ, &fields, &mailing->rendered, &refused);
    if (status == PH_ERR_NO_MEMORY)
        return no_memory(problem);
    return status == PH_OK
               ? NULL
               : refuse_record(mailing, refused, "a line break, which must not get into a header",
                               problem);
}

/* The sender that --from or the header gives: without one no message of the list can be sent. */
static const ph_error *check_sender(const struct mailing *mailing, struct problem *problem)
{
    const ph_error *error = NULL;
    struct item *item = item_new();
    const struct bytes *message = &mailing->rendered;
    if (!item || !sender_from_header(item, message->data, message->length, mailing->envelope))
        error = no_memory(problem);
    else if (item->fault)
        error = problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0, "%.200s, line %zu: %s%s",
                            mailing->path, mailing->csv.record_line, item->fault->text,
                            mailing->ending);
    item_free(item);
    return error;
}

/* Reads the whole list, then stands before its first recipient again. */
static const ph_error *check_list(struct mailing *mailing, struct problem *problem)
{
    for (;;) {
        bool is_end;
        const ph_error *error = read_record(mailing, &is_end, problem);
        if (!error && is_end)
            break;
        if (!error)
            error = check_recipient(mailing, problem);
        if (!error)
            error = render(mailing, problem);
        if (!error)
            error = check_sender(mailing, problem);
        if (error)
            return error;
        mailing->source.total++;
    }
    if (fseeko(mailing->file, 0, SEEK_SET) != 0)
        return cannot_read(mailing->path, errno, problem);
    bool is_end;
    mailing->ending = "";
    csv_begin(&mailing->csv, mailing->file);
    return read_record(mailing, &is_end, problem);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static bool fill_item(struct mailing *mailing, struct item *item)
{
    char where[48];
    const struct csv *csv = &mailing->csv;
    (void)snprintf(where, sizeof where, "line %zu", csv->record_line);
    item->where = strdup(where);
    item->identity = identity_of_range(csv->record_offset,
                                       digest_add(DIGEST_BEGIN, csv->text.data, csv->text.length));
    item->offset = csv->record_offset;
    item->size = 1;
    item->content.is_stored = true;
    return item->where && item->identity &&
           sender_from_header(item, mailing->rendered.data, mailing->rendered.length,
                              mailing->envelope) &&
           item_add_recipient(item, csv_field(csv, mailing->recipient_column), "its recipient") &&
           content_keep(&item->content, &mailing->rendered);
}

static enum source_next next_message(struct source *source, struct item **out,
                                     struct problem *problem)
{
    struct mailing *mailing = (struct mailing *)source;
    bool is_end;
    if (read_record(mailing, &is_end, problem))
        return SOURCE_FAILED;
    if (is_end)
        return SOURCE_END;
    /* The list was checked, but may have been changed since. */
    if (render(mailing, problem))
        return SOURCE_FAILED;
    *out = item_new();
    if (*out && fill_item(mailing, *out))
        return SOURCE_ITEM;
    item_free(*out);
    *out = NULL;
    return source_out_of_memory(problem);
}

static void free_mailing(struct source *source)
{
    struct mailing *mailing = (struct mailing *)source;
    for (size_t i = 0; i < mailing->column_count; i++)
        free(mailing->names[i]);
    free(mailing->names);
    csv_release(&mailing->csv);
    template_release(&mailing->templ);
    bytes_release(&mailing->rendered);
    if (mailing->file)
        (void)fclose(mailing->file);
    free(mailing);
}

static const struct source_kind kind = {
    .name = "template", .next = next_message, .free = free_mailing};

static const ph_error *open_list(struct mailing *mailing, struct problem *problem)
{
    struct stat status;
    const bool is_stdin = strcmp(mailing->path, "-") == 0;
    if (!is_stdin) {
        mailing->file = fopen(mailing->path, "re");
        if (!mailing->file || fstat(fileno(mailing->file), &status) != 0)
            return cannot_read(mailing->path, errno, problem);
        if (S_ISREG(status.st_mode))
            return NULL;
        if (S_ISDIR(status.st_mode))
            return cannot_read(mailing->path, EISDIR, problem);
    }
    return problem_of_file(problem, 0,
                           "%.300s cannot be the list of recipients: that must be a file, which "
                           "is read twice, the first time to check it",
                           is_stdin ? "standard input" : mailing->path);
}

static const ph_error *prepare(struct mailing *mailing, const struct source_options *options,
                               struct problem *problem)
{
    const ph_error *error = open_list(mailing, problem);
    if (error)
        return error;
    csv_begin(&mailing->csv, mailing->file);
    error = read_columns(mailing, problem);
    if (!error)
        error = read_template(mailing, options->templ, problem);
    return error ? error : check_list(mailing, problem);
}

const ph_error *mailing_open(const struct source_options *options, struct source **source,
                             struct problem *problem)
{
    struct mailing *mailing = calloc(1, sizeof *mailing);
    if (!mailing)
        return no_memory(problem);
    mailing->source = (struct source){.kind = &kind,
                                      .name = options->recipients,
                                      .path = strdup(options->recipients),
                                      .counts_messages = true,
                                      .is_ordered = true,
                                      .digest = DIGEST_BEGIN};
    mailing->envelope = options->envelope;
    mailing->path = options->recipients;
    mailing->ending = "; nothing was sent";
    const ph_error *error =
        mailing->source.path ? prepare(mailing, options, problem) : no_memory(problem);
    if (error)
        source_free(&mailing->source);
    else
        *source = &mailing->source;
    return error;
}
