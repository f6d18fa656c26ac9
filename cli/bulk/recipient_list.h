/* SPDX-License-Identifier: MIT */
/*
 * The recipients of a mailing: a CSV whose first line names its columns, one of which has the
 * address. It is read twice: to check it, and to send.
 */
#ifndef CLI_BULK_RECIPIENT_LIST_H
#define CLI_BULK_RECIPIENT_LIST_H

#include <stdio.h>

#include "cli/problem.h"
#include "csv.h"
#include "template.h"

struct recipient_list {
    const char *path;
    const char *ending; /* of sentences: what became of the messages */
    FILE *file;
    struct csv csv; /* at the recipient's record */
    char **names;   /* the columns */
    size_t column_count;
    size_t address_column;
    uint64_t digest; /* of the names */
};

/** Opens the file and reads the names of its columns. @return NULL, or what is wrong with it; it is
 * to be released all the same */
const ph_error *recipient_list_open(struct recipient_list *list, const char *path,
                                    struct problem *problem);

/** Reads the next record. @return NULL if there is one, or the list's end, which @p is_end tells */
const ph_error *recipient_list_next(struct recipient_list *list, bool *is_end,
                                    struct problem *problem);

/** @return NULL if the record has all fields and an address, or what is wrong with it */
const ph_error *recipient_list_check(const struct recipient_list *list, struct problem *problem);

/** Says what is wrong with a field of the record. */
const ph_error *recipient_list_refuse(const struct recipient_list *list, size_t column,
                                      const char *what, struct problem *problem);

/** Goes back before the first recipient, once all were checked. */
const ph_error *recipient_list_again(struct recipient_list *list, struct problem *problem);

/** @return the address of the record, valid until the next */
const char *recipient_list_address(const struct recipient_list *list);

/** @return the fields of the record for a template; the list must stay */
struct template_fields recipient_list_fields(struct recipient_list *list);

void recipient_list_release(struct recipient_list *list);

#endif
