/* SPDX-License-Identifier: MIT */
/*
 * What lies in new and cur of a Maildir at a moment, by the unique names of the messages: what
 * stands before ":", and stays when another program moves one from new to cur or changes its flags.
 */
#ifndef CLI_BULK_MAILDIR_LIST_H
#define CLI_BULK_MAILDIR_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct maildir_entry {
    char *path;    /* below the Maildir: "cur/1700000000.M1P2.host:2,S" */
    size_t unique; /* where the unique name begins, and its length */
    size_t unique_length;
};

struct maildir_list {
    struct maildir_entry *entries; /* in the order of their unique names, each of them once */
    size_t count, capacity;
};

/** Lists the Maildir at @p path; @p list is empty before. @return 0, or errno: release it then, too
 */
int maildir_list_read(struct maildir_list *list, const char *path);

/** @return the entry with the unique name of @p entry, which may be of another list; NULL: none */
struct maildir_entry *maildir_list_find(const struct maildir_list *list,
                                        const struct maildir_entry *entry);

/** @return "PATH/BELOW", freed with free; NULL without memory */
char *maildir_path(const char *path, const char *below);

void maildir_list_release(struct maildir_list *list);

#endif
