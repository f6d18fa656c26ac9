/* SPDX-License-Identifier: MIT */
/*
 * A Maildir: each file of new and cur is a message; tmp holds what is still being delivered. A
 * message that another program moves meanwhile comes behind the others, once it is known where it
 * is: one listing finds all that were moved, however many they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "header.h"
#include "identity.h"
#include "maildir_list.h"
#include "source.h"

enum {
    searches_max = 3 /* for those that are moved again and again, and for those that are gone */
};

struct maildir {
    struct source source;
    const struct envelope_options *envelope;
    struct maildir_list list;
    size_t next, end; /* of the list: what is still to be given in this round */
    size_t missed;    /* at the list's beginning: what was not where it was listed */
    unsigned searches;
    struct bytes head;
};

/* ---- What was moved -------------------------------------------------------------------------- */

/* Puts the entry that was taken last to those that are to be searched. */
static void note_missed(struct maildir *maildir)
{
    struct maildir_entry *entries = maildir->list.entries;
    const struct maildir_entry missed = entries[maildir->next - 1];
    entries[maildir->next - 1] = entries[maildir->missed];
    entries[maildir->missed++] = missed;
}

/* Lists the Maildir anew and begins another round, with those that were missed in the one before.
 * One that is not found keeps its path, and is tried there again. */
static void search_missed(struct maildir *maildir)
{
    struct maildir_list now = {.count = 0};
    const int failure = maildir_list_read(&now, maildir->source.path);
    for (size_t i = 0; i < maildir->missed && failure == 0; i++) {
        struct maildir_entry *entry = maildir_list_find(&now, &maildir->list.entries[i]);
        if (!entry)
            continue;
        const struct maildir_entry before = maildir->list.entries[i];
        maildir->list.entries[i] = *entry;
        *entry = before;
    }
    maildir_list_release(&now);
    maildir->searches++;
    maildir->next = 0;
    maildir->end = maildir->missed;
    maildir->missed = 0;
}

/* ---- Messages -------------------------------------------------------------------------------- */

/* Takes an entry, of another round if need be. @return there was one */
static bool take_entry(struct maildir *maildir)
{
    if (maildir->next == maildir->end && maildir->missed > 0)
        search_missed(maildir);
    if (maildir->next == maildir->end)
        return false;
    maildir->next++;
    return true;
}

/* @return 0, or errno */
static int open_file(const struct maildir *maildir, const struct maildir_entry *entry,
                     struct item *item)
{
    item->content.path = maildir_path(maildir->source.path, entry->path);
    return item->content.path ? content_open(&item->content) : ENOMEM;
}

static bool fill_item(struct maildir *maildir, const struct maildir_entry *entry, struct item *item)
{
    item->where = strdup(entry->path);
    item->identity = identity_of_name(entry->path + entry->unique, entry->unique_length);
    item->size = 1;
    return item->where && item->identity && stored_message(item, &maildir->head, maildir->envelope);
}

/* @return the message of the entry that was taken; NULL: it is missed, or memory is short */
static struct item *item_of_entry(struct maildir *maildir, bool *is_missed)
{
    const struct maildir_entry *entry = &maildir->list.entries[maildir->next - 1];
    struct item *item = item_new();
    const int failure = item ? open_file(maildir, entry, item) : ENOMEM;
    *is_missed = failure == ENOENT && maildir->searches < searches_max;
    /* Any other failure is met again, and told of, by what reads the file. */
    if (failure != ENOMEM && !*is_missed && fill_item(maildir, entry, item))
        return item;
    item_free(item);
    return NULL;
}

static enum source_next next_message(struct source *source, struct item **out,
                                     struct problem *problem)
{
    struct maildir *maildir = (struct maildir *)source;
    while (take_entry(maildir)) {
        bool is_missed;
        *out = item_of_entry(maildir, &is_missed);
        if (*out)
            return SOURCE_ITEM;
        if (!is_missed)
            return source_out_of_memory(problem);
        note_missed(maildir);
    }
    return SOURCE_END;
}

static void free_maildir(struct source *source)
{
    struct maildir *maildir = (struct maildir *)source;
    maildir_list_release(&maildir->list);
    bytes_release(&maildir->head);
    free(maildir);
}

static const struct source_kind kind = {
    .name = "maildir", .next = next_message, .free = free_maildir};

const ph_error *maildir_open(const struct source_options *options, struct source **source,
                             struct problem *problem)
{
    struct maildir *maildir = calloc(1, sizeof *maildir);
    if (!maildir)
        return problem_of_memory(problem);
    maildir->source = (struct source){.kind = &kind,
                                      .name = options->path,
                                      .path = strdup(options->path),
                                      .counts_messages = true};
    maildir->envelope = options->envelope;
    const int failure =
        maildir->source.path ? maildir_list_read(&maildir->list, options->path) : ENOMEM;
    if (failure != 0) {
        source_free(&maildir->source);
        return problem_of_file(
            problem, failure, "%.300s cannot be read as a Maildir, a folder with new and cur in it",
            options->path);
    }
    maildir->source.total = maildir->end = maildir->list.count;
    *source = &maildir->source;
    return NULL;
}
