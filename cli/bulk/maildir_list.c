/* SPDX-License-Identifier: MIT */
#include "maildir_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which messages move, so that one that moves meanwhile is not missed. */
static const char *const folders[] = {"new", "cur"};

static bool add_entry(struct maildir_list *list, const char *folder, const char *name)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct maildir_entry *entries = realloc(list->entries, capacity * sizeof *entries);
        if (!entries)
            return false;
        list->entries = entries;
        list->capacity = capacity;
    }
    char *path = maildir_path(folder, name);
    if (!path)
        return false;
    list->entries[list->count++] = (struct maildir_entry){
        .path = path, .unique = strlen(folder) + 1, .unique_length = strcspn(name, ":")};
    return true;
}

char *maildir_path(const char *path, const char *below)
{
    const size_t size = strlen(path) + strlen(below) + 2;
    char *whole = malloc(size);
    if (whole)
        (void)snprintf(whole, size, "%s/%s", path, below);
    return whole;
}

/* @return 0, or errno */
static int list_folder(struct maildir_list *list, const char *maildir, const char *folder)
{
    char *path = maildir_path(maildir, folder);
    DIR *directory = path ? opendir(path) : NULL;
    int failure = path ? errno : ENOMEM;
    free(path);
    if (!directory)
        return failure;
    failure = 0;
    const struct dirent *file;
    for (errno = 0; failure == 0 && (file = readdir(directory)) != NULL; errno = 0) {
        if (file->d_name[0] != '.' && !add_entry(list, folder, file->d_name))
            failure = ENOMEM;
    }
    if (failure == 0)
        failure = errno;
    (void)closedir(directory);
    return failure;
}

static int compare(const void *a, const void *b)
{
    const struct maildir_entry *one = a;
    const struct maildir_entry *other = b;
    const size_t length =
        one->unique_length < other->unique_length ? one->unique_length : other->unique_length;
    const int order = memcmp(one->path + one->unique, other->path + other->unique, length);
    if (order != 0)
        return order;
    return (one->unique_length > other->unique_length) -
           (one->unique_length < other->unique_length);
}

/* A message that was moved while the folders were listed stands in both. */
static void drop_doubles(struct maildir_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && compare(&list->entries[kept - 1], &list->entries[i]) == 0)
            free(list->entries[i].path);
        else
            list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

int maildir_list_read(struct maildir_list *list, const char *path)
{
    int failure = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && failure == 0; i++)
        failure = list_folder(list, path, folders[i]);
    if (failure != 0 || list->count == 0)
        return failure;
    qsort(list->entries, list->count, sizeof *list->entries, compare);
    drop_doubles(list);
    return 0;
}

struct maildir_entry *maildir_list_find(const struct maildir_list *list,
                                        const struct maildir_entry *entry)
{
    if (list->count == 0)
        return NULL;
    return bsearch(entry, list->entries, list->count, sizeof *list->entries, compare);
}

void maildir_list_release(struct maildir_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->entries[i].path);
    free(list->entries);
    *list = (struct maildir_list){.entries = NULL};
}
