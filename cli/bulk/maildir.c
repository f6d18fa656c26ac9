/* SPDX-License-Identifier: MIT */
/*
 * A Maildir: each file of new and cur is a message; tmp holds what is still being delivered. A
 * message is known by the name before ":", which stays when another program moves it from new to
 * cur or changes its flags.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "header.h"
#include "identity.h"
#include "source.h"

static const char *const folders[] = {"new", "cur"};

struct entry {
    char *path;    /* below the Maildir: "cur/1700000000.M1P2.host:2,S" */
    size_t unique; /* where the unique name begins, and its length */
    size_t unique_length;
};

struct maildir {
    struct source source;
    const struct envelope_options *envelope;
    struct entry *entries;
    size_t count, capacity;
    size_t next;
    struct bytes head;
};

/* ---- Listing --------------------------------------------------------------------------------- */

static bool add_entry(struct maildir *maildir, const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    if (maildir->count == maildir->capacity) {
        const size_t capacity = maildir->capacity ? 2 * maildir->capacity : 64;
        struct entry *entries = realloc(maildir->entries, capacity * sizeof *entries);
        if (!entries)
            return false;
        maildir->entries = entries;
        maildir->capacity = capacity;
    }
    char *path = malloc(size);
    if (!path)
        return false;
    (void)snprintf(path, size, "%s/%s", folder, name);
    maildir->entries[maildir->count++] = (struct entry){
        .path = path, .unique = strlen(folder) + 1, .unique_length = strcspn(name, ":")};
    return true;
}

/* @return "MAILDIR/folder", NULL without memory */
static char *path_below(const struct maildir *maildir, const char *below)
{
    const size_t size = strlen(maildir->source.path) + strlen(below) + 2;
    char *path = malloc(size);
    if (path)
        (void)snprintf(path, size, "%s/%s", maildir->source.path, below);
    return path;
}

/* @return 0, or errno */
static int list_folder(struct maildir *maildir, const char *folder)
{
    char *path = path_below(maildir, folder);
    DIR *directory = path ? opendir(path) : NULL;
    int failure = path ? errno : ENOMEM;
    free(path);
    if (!directory)
        return failure;
    failure = 0;
    const struct dirent *file;
    for (errno = 0; failure == 0 && (file = readdir(directory)) != NULL; errno = 0) {
        if (file->d_name[0] != '.' && !add_entry(maildir, folder, file->d_name))
            failure = ENOMEM;
    }
    if (failure == 0)
        failure = errno;
    (void)closedir(directory);
    return failure;
}

static int compare(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;
    const size_t length =
        one->unique_length < other->unique_length ? one->unique_length : other->unique_length;
    const int order = memcmp(one->path + one->unique, other->path + other->unique, length);
    if (order != 0)
        return order;
    return (one->unique_length > other->unique_length) -
           (one->unique_length < other->unique_length);
}

/* A message that was moved while the folders were listed stands in both. */
static void drop_doubles(struct maildir *maildir)
{
    size_t kept = 0;
    for (size_t i = 0; i < maildir->count; i++) {
        if (kept > 0 && compare(&maildir->entries[kept - 1], &maildir->entries[i]) == 0)
            free(maildir->entries[i].path);
        else
            maildir->entries[kept++] = maildir->entries[i];
    }
    maildir->count = kept;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void forget_entries(struct maildir *maildir)
{
    for (size_t i = 0; i < maildir->count; i++)
        free(maildir->entries[i].path);
    free(maildir->entries);
    maildir->entries = NULL;
    maildir->count = maildir->capacity = 0;
}

/* Finds where a message went that is no longer where it was listed. @return its path, or NULL */
static char *find_moved(const struct maildir *maildir, const struct entry *entry)
{
    struct maildir now = {.source = maildir->source};
    char *path = NULL;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        (void)list_folder(&now, folders[i]);
    for (size_t i = 0; i < now.count && !path; i++) {
        if (compare(&now.entries[i], entry) == 0)
            path = path_below(maildir, now.entries[i].path);
    }
    forget_entries(&now);
    return path;
}

static bool open_file(const struct maildir *maildir, const struct entry *entry, struct item *item)
{
    item->content.path = path_below(maildir, entry->path);
    if (!item->content.path)
        return false;
    if (content_open(&item->content) == ENOENT) {
        char *path = find_moved(maildir, entry);
        if (path) {
            free(item->content.path);
            item->content.path = path;
        }
    }
    return true;
}

static bool fill_item(struct maildir *maildir, const struct entry *entry, struct item *item)
{
    item->where = strdup(entry->path);
    item->identity = identity_of_name(entry->path + entry->unique, entry->unique_length);
    item->size = 1;
    return item->where && item->identity && open_file(maildir, entry, item) &&
           stored_message(item, &maildir->head, maildir->envelope);
}

static enum source_next next_message(struct source *source, struct item **out,
                                     struct problem *problem)
{
    struct maildir *maildir = (struct maildir *)source;
    if (maildir->next == maildir->count)
        return SOURCE_END;
    struct item *item = item_new();
    if (!item || !fill_item(maildir, &maildir->entries[maildir->next], item)) {
        item_free(item);
        return source_out_of_memory(problem);
    }
    item->offset = maildir->next++;
    *out = item;
    return SOURCE_ITEM;
}

static void free_maildir(struct source *source)
{
    struct maildir *maildir = (struct maildir *)source;
    forget_entries(maildir);
    bytes_release(&maildir->head);
    free(maildir);
}

static const struct source_kind kind = {
    .name = "maildir", .next = next_message, .free = free_maildir};

static int list(struct maildir *maildir)
{
    int failure = maildir->source.path ? 0 : ENOMEM;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && failure == 0; i++)
        failure = list_folder(maildir, folders[i]);
    if (failure != 0 || maildir->count == 0)
        return failure;
    qsort(maildir->entries, maildir->count, sizeof *maildir->entries, compare);
    drop_doubles(maildir);
    return 0;
}

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
    const int failure = list(maildir);
    if (failure != 0) {
        source_free(&maildir->source);
        return problem_of_file(
            problem, failure, "%.300s cannot be read as a Maildir, a folder with new and cur in it",
            options->path);
    }
    maildir->source.total = maildir->count;
    *source = &maildir->source;
    return NULL;
}
