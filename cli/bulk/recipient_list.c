/* SPDX-License-Identifier: MIT */
#include "recipient_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <posthaste/address.h>

#include "cli/printable.h"
#include "identity.h"

/* ---- What is wrong --------------------------------------------------------------------------- */

const ph_error *recipient_list_refuse(const struct recipient_list *list, size_t column,
                                      const char *what, struct problem *problem)
{
    char *name = printable(column < list->column_count ? list->names[column] : "");
    (void)problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                      "%.200s, line %zu, column \"%.60s\": %s%s", list->path, list->csv.record_line,
                      name ? name : "?", what, list->ending);
    free(name);
    return &problem->error;
}

/* ---- Reading --------------------------------------------------------------------------------- */

const ph_error *recipient_list_next(struct recipient_list *list, bool *is_end,
                                    struct problem *problem)
{
    errno = 0;
    const enum csv_next next = csv_next(&list->csv);
    *is_end = next == CSV_END;
    switch (next) {
    case CSV_RECORD:
    case CSV_END:
        return NULL;
    case CSV_FAILED:
        return problem_of_reading(problem, errno, list->path);
    case CSV_NO_MEMORY:
        return problem_of_memory(problem);
    case CSV_MALFORMED:
        break;
    }
    return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                       "%.200s, line %zu, column %zu: %s%s", list->path, list->csv.line,
                       list->csv.column, list->csv.wrong, list->ending);
}

/* ---- Columns --------------------------------------------------------------------------------- */

static const char *name_of(void *user_data, size_t index)
{
    const struct recipient_list *list = user_data;
    return list->names[index];
}

static const char *value_of(void *user_data, size_t index)
{
    const struct recipient_list *list = user_data;
    return csv_field(&list->csv, index);
}

struct template_fields recipient_list_fields(struct recipient_list *list)
{
    return (struct template_fields){
        .count = list->column_count, .name = name_of, .value = value_of, .user_data = list};
}

/* @return the column of that name, the number of columns if there is none */
static size_t find_column(const struct recipient_list *list, const char *name)
{
    for (size_t i = 0; i < list->column_count && list->names[i]; i++) {
        if (strcasecmp(list->names[i], name) == 0)
            return i;
    }
    return list->column_count;
}

static const ph_error *choose_address_column(struct recipient_list *list, struct problem *problem)
{
    list->address_column = find_column(list, "to");
    if (list->address_column == list->column_count)
        list->address_column = find_column(list, "email");
    if (list->address_column < list->column_count)
        return NULL;
    char *first = printable(list->names[0]);
    (void)problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                      "%.200s: none of its columns is called \"to\" or \"email\"; its first line "
                      "must name them, with commas between (the first is \"%.100s\"); nothing was "
                      "sent",
                      list->path, first ? first : "?");
    free(first);
    return &problem->error;
}

static const ph_error *check_names(const struct recipient_list *list, struct problem *problem)
{
    for (size_t i = 0; i < list->column_count; i++) {
        for (size_t j = 0; j < i && list->names[i] && list->names[j]; j++) {
            if (strcmp(list->names[i], list->names[j]) == 0)
                return recipient_list_refuse(list, i, "two columns have this name", problem);
        }
    }
    return NULL;
}

static const ph_error *read_columns(struct recipient_list *list, struct problem *problem)
{
    bool is_end;
    const ph_error *error = recipient_list_next(list, &is_end, problem);
    if (error)
        return error;
    if (is_end)
        return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                           "%.300s is empty: its first line names the columns; nothing was sent",
                           list->path);
    list->names = calloc(list->csv.count, sizeof *list->names);
    if (!list->names)
        return problem_of_memory(problem);
    for (; list->column_count < list->csv.count; list->column_count++) {
        const char *name = csv_field(&list->csv, list->column_count);
        list->names[list->column_count] = strdup(name);
        if (!list->names[list->column_count])
            return problem_of_memory(problem);
        list->digest = digest_add_text(list->digest, name);
    }
    error = check_names(list, problem);
    return error ? error : choose_address_column(list, problem);
}

/* ---- Records --------------------------------------------------------------------------------- */

const char *recipient_list_address(const struct recipient_list *list)
{
    return csv_field(&list->csv, list->address_column);
}

static const ph_error *refuse_address(const struct recipient_list *list, const char *mailbox,
                                      struct problem *problem)
{
    char what[300];
    char *shown = printable(mailbox);
    const bool has_blanks = *mailbox == ' ' || (*mailbox && mailbox[strlen(mailbox) - 1] == ' ');
    (void)snprintf(what, sizeof what, "\"%.200s\" is not an address%s", shown ? shown : "?",
                   has_blanks ? "; blanks around it belong to the field" : "");
    free(shown);
    return recipient_list_refuse(list, list->address_column, what, problem);
}

const ph_error *recipient_list_check(const struct recipient_list *list, struct problem *problem)
{
    if (list->csv.count != list->column_count)
        return problem_set(problem, PH_ERR_ARGUMENT, PH_PHASE_NONE, 0,
                           "%.200s, line %zu: %zu field%s, but the first line names %zu columns%s",
                           list->path, list->csv.record_line, list->csv.count,
                           list->csv.count == 1 ? "" : "s", list->column_count, list->ending);
    ph_address *address;
    const char *mailbox = recipient_list_address(list);
    const int status = *mailbox == '\0' ? PH_ERR_ARGUMENT : ph_address_new(mailbox, NULL, &address);
    if (status == PH_OK) {
        ph_address_free(address);
        return NULL;
    }
    return status == PH_ERR_NO_MEMORY ? problem_of_memory(problem)
                                      : refuse_address(list, mailbox, problem);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static const ph_error *open_file(struct recipient_list *list, struct problem *problem)
{
    struct stat status;
    const bool is_stdin = strcmp(list->path, "-") == 0;
    if (!is_stdin) {
        list->file = fopen(list->path, "re");
        if (!list->file || fstat(fileno(list->file), &status) != 0)
            return problem_of_reading(problem, errno, list->path);
        if (S_ISREG(status.st_mode))
            return NULL;
        if (S_ISDIR(status.st_mode))
            return problem_of_reading(problem, EISDIR, list->path);
    }
    return problem_of_file(problem, 0,
                           "%.300s cannot be the list of recipients: that must be a file, which "
                           "is read twice, the first time to check it",
                           is_stdin ? "standard input" : list->path);
}

const ph_error *recipient_list_open(struct recipient_list *list, const char *path,
                                    struct problem *problem)
{
    *list = (struct recipient_list){
        .path = path, .ending = "; nothing was sent", .digest = DIGEST_BEGIN};
    const ph_error *error = open_file(list, problem);
    if (error)
        return error;
    csv_begin(&list->csv, list->file);
    return read_columns(list, problem);
}

const ph_error *recipient_list_again(struct recipient_list *list, struct problem *problem)
{
    bool is_end;
    if (fseeko(list->file, 0, SEEK_SET) != 0)
        return problem_of_reading(problem, errno, list->path);
    list->ending = "";
    csv_begin(&list->csv, list->file);
    return recipient_list_next(list, &is_end, problem);
}

void recipient_list_release(struct recipient_list *list)
{
    for (size_t i = 0; i < list->column_count; i++)
        free(list->names[i]);
    free(list->names);
    csv_release(&list->csv);
    if (list->file)
        (void)fclose(list->file);
}
