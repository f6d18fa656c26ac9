/* SPDX-License-Identifier: MIT */
/*
 * A template and a list of recipients: one message a line. The whole list is read once before the
 * first message is sent, so that a mistake in its last line is known before the first is out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "header.h"
#include "identity.h"
#include "recipient_list.h"
#include "source.h"

enum {
    template_max = 64 * 1024 * 1024
};

struct mailing {
    struct source source;
    const struct envelope_options *envelope;
    struct recipient_list list;
    struct template templ;
    struct bytes rendered;
};

/* ---- The template ---------------------------------------------------------------------------- */

static const ph_error *read_text(const char *path, struct bytes *text, struct problem *problem)
{
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "re");
    if (!file)
        return problem_of_reading(problem, errno, path);
    bool has_room = true;
    while (has_room && (n = fread(piece, 1, sizeof piece, file)) > 0)
        has_room = text->length < template_max && bytes_append(text, piece, n);
    const int failure = !has_room ? EFBIG : ferror(file) ? errno : 0;
    (void)fclose(file);
    return failure == 0 ? NULL : problem_of_reading(problem, failure, path);
}

static const ph_error *read_template(struct mailing *mailing, const char *path,
                                     struct problem *problem)
{
    struct bytes text = {.data = NULL};
    const struct template_fields fields = recipient_list_fields(&mailing->list);
    const ph_error *error = read_text(path, &text, problem);
    if (error) {
        bytes_release(&text);
        return error;
    }
    mailing->source.digest = digest_add(mailing->source.digest, text.data, text.length);
    return template_parse(&mailing->templ, path, &text, &fields, problem);
}

/* ---- Records --------------------------------------------------------------------------------- */

static const ph_error *render(struct mailing *mailing, struct problem *problem)
{
    size_t refused = 0;
    const struct template_fields fields = recipient_list_fields(&mailing->list);
    const int status = template_render(&mailing->templ, &fields, &mailing->rendered, &refused);
    if (status == PH_ERR_NO_MEMORY)
        return problem_of_memory(problem);
    return status == PH_OK
               ? NULL
               : recipient_list_refuse(&mailing->list, refused,
                                       "a line break, which must not get into a header", problem);
}

/* The sender that --from or the header gives: without one no message of the list can be sent. */
static const ph_error *check_sender(const struct mailing *mailing, struct problem *problem)
{
    const ph_error *error = NULL;
    struct item *item = item_new();
    const struct bytes *message = &mailing->rendered;
    if (!item || !sender_from_header(item, message->data, message->length, mailing->envelope))
        error = problem_of_memory(problem);
    else if (item->fault)
        error = problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0, "%.200s, line %zu: %s%s",
                            mailing->list.path, mailing->list.csv.record_line, item->fault->text,
                            mailing->list.ending);
    item_free(item);
    return error;
}

/* Reads the whole list, then stands before its first recipient again. */
static const ph_error *check_list(struct mailing *mailing, struct problem *problem)
{
    for (;;) {
        bool is_end;
        const ph_error *error = recipient_list_next(&mailing->list, &is_end, problem);
        if (!error && is_end)
            break;
        if (!error)
            error = recipient_list_check(&mailing->list, problem);
        if (!error)
            error = render(mailing, problem);
        if (!error)
            error = check_sender(mailing, problem);
        if (error)
            return error;
        mailing->source.total++;
    }
    return recipient_list_again(&mailing->list, problem);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static bool fill_item(struct mailing *mailing, struct item *item)
{
    char where[48];
    const struct csv *csv = &mailing->list.csv;
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
           item_add_recipient(item, recipient_list_address(&mailing->list), "its recipient") &&
           content_keep(&item->content, &mailing->rendered);
}

static enum source_next next_message(struct source *source, struct item **out,
                                     struct problem *problem)
{
    struct mailing *mailing = (struct mailing *)source;
    bool is_end;
    if (recipient_list_next(&mailing->list, &is_end, problem))
        return SOURCE_FAILED;
    if (is_end)
        return SOURCE_END;
    /* The list was checked, but may have been changed since. */
    if (recipient_list_check(&mailing->list, problem) || render(mailing, problem))
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
    recipient_list_release(&mailing->list);
    template_release(&mailing->templ);
    bytes_release(&mailing->rendered);
    free(mailing);
}

static const struct source_kind kind = {
    .name = "template", .next = next_message, .free = free_mailing};

static const ph_error *prepare(struct mailing *mailing, const struct source_options *options,
                               struct problem *problem)
{
    const ph_error *error = recipient_list_open(&mailing->list, options->recipients, problem);
    mailing->source.digest = mailing->list.digest;
    if (!error)
        error = read_template(mailing, options->templ, problem);
    return error ? error : check_list(mailing, problem);
}

const ph_error *mailing_open(const struct source_options *options, struct source **source,
                             struct problem *problem)
{
    struct mailing *mailing = calloc(1, sizeof *mailing);
    if (!mailing)
        return problem_of_memory(problem);
    mailing->source = (struct source){.kind = &kind,
                                      .name = options->recipients,
                                      .path = strdup(options->recipients),
                                      .counts_messages = true,
                                      .is_ordered = true};
    mailing->envelope = options->envelope;
    const ph_error *error =
        mailing->source.path ? prepare(mailing, options, problem) : problem_of_memory(problem);
    if (error)
        source_free(&mailing->source);
    else
        *source = &mailing->source;
    return error;
}
