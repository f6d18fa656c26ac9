/* SPDX-License-Identifier: MIT */
/* The SASL mechanisms that an object has: the built-in rows, and those that a program adds. */
#include "auth/mechanism_table.h"

#include <string.h>

#include <posthaste/error.h>

#include "auth/gsasl_mechanism.h"
#include "auth/xoauth2.h"
#include "base/allocator.h"

enum {
    longest_name = 20, /* RFC 4422 section 3.1 */
    known_flags = PH_MECHANISM_CLIENT_FIRST | PH_MECHANISM_EXPOSES_SECRET
};

/* In the order in which ph__mechanism_choose prefers them. */
static const struct builtin {
    const char *name;
    unsigned flags;
    bool takes_password;
    int (*start)(const ph_credentials *credentials, void *user_data, void **exchange);
    int (*step)(void *exchange, const void *challenge, size_t n, ph_mechanism_response *response);
    void (*finish)(void *exchange);
} builtins[] = {
    /* clang-format off */
    {"PLAIN",    PH_MECHANISM_CLIENT_FIRST | PH_MECHANISM_EXPOSES_SECRET, true,
     ph__gsasl_start_plain,    ph__gsasl_step,   ph__gsasl_finish},
    {"LOGIN",    PH_MECHANISM_EXPOSES_SECRET,                             true,
     ph__gsasl_start_login,    ph__gsasl_step,   ph__gsasl_finish},
    {"CRAM-MD5", 0,                                                       true,
     ph__gsasl_start_cram_md5, ph__gsasl_step,   ph__gsasl_finish},
    {"XOAUTH2",  PH_MECHANISM_CLIENT_FIRST | PH_MECHANISM_EXPOSES_SECRET, false,
     ph__xoauth2_start,        ph__xoauth2_step, ph__xoauth2_finish},
    /* clang-format on */
};

enum {
    n_builtins = sizeof builtins / sizeof builtins[0]
};

int ph__mechanism_table_init(struct ph__mechanism_table *table, const ph_allocator *allocator)
{
    *table = (struct ph__mechanism_table){.allocator = allocator};
    table->rows = ph__allocate(allocator, n_builtins * sizeof *table->rows);
    if (!table->rows)
        return PH_ERR_NO_MEMORY;
    for (size_t i = 0; i < n_builtins; i++) {
        const struct builtin *row = &builtins[i];
        table->rows[i] = (struct ph__mechanism_row){
            .mechanism = {row->name, row->flags, row->start, row->step, row->finish,
                          (void *)allocator},
            .takes_password = row->takes_password,
        };
    }
    table->n_rows = n_builtins;
    return PH_OK;
}

void ph__mechanism_table_release(struct ph__mechanism_table *table)
{
    for (size_t i = 0; i < table->n_rows; i++)
        ph__release(table->allocator, table->rows[i].owned_name);
    ph__release(table->allocator, table->rows);
    table->rows = NULL;
    table->n_rows = 0;
}

static char folded(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return c == '_' ? '-' : c;
}

bool ph__mechanism_name_equals(const char *a, const char *b)
{
    while (*a != '\0' && folded(*a) == folded(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

static struct ph__mechanism_row *find_row(const struct ph__mechanism_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        if (ph__mechanism_name_equals(table->rows[i].mechanism.name, name))
            return &table->rows[i];
    }
    return NULL;
}

static struct ph__mechanism_row *append_row(struct ph__mechanism_table *table)
{
    struct ph__mechanism_row *rows =
        ph__reallocate_array(table->allocator, table->rows, table->n_rows + 1, sizeof *table->rows);
    if (!rows)
        return NULL;
    table->rows = rows;
    struct ph__mechanism_row *row = &rows[table->n_rows++];
    *row = (struct ph__mechanism_row){.owned_name = NULL};
    return row;
}

int ph__mechanism_table_add(struct ph__mechanism_table *table, const ph_mechanism *mechanism)
{
    const int status = ph__mechanism_check(mechanism);
    if (status != PH_OK)
        return status;
    char *name = ph__duplicate(table->allocator, mechanism->name);
    if (!name)
        return PH_ERR_NO_MEMORY;
    struct ph__mechanism_row *row = find_row(table, name);
    if (!row)
        row = append_row(table);
    if (!row) {
        ph__release(table->allocator, name);
        return PH_ERR_NO_MEMORY;
    }
    ph__release(table->allocator, row->owned_name);
    *row = (struct ph__mechanism_row){.mechanism = *mechanism, .owned_name = name};
    row->mechanism.name = name;
    return PH_OK;
}

const ph_mechanism *ph__mechanism_find(const struct ph__mechanism_table *table, const char *name)
{
    const struct ph__mechanism_row *row = find_row(table, name);
    return row ? &row->mechanism : NULL;
}

const ph_mechanism *ph__mechanism_choose(const struct ph__mechanism_table *table,
                                         bool (*offered)(const char *name, void *user_data),
                                         void *user_data, bool secret_is_safe)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct ph__mechanism_row *row = &table->rows[i];
        const bool exposes = (row->mechanism.flags & PH_MECHANISM_EXPOSES_SECRET) != 0;
        if (row->takes_password && (secret_is_safe || !exposes) &&
            offered(row->mechanism.name, user_data))
            return &row->mechanism;
    }
    return NULL;
}

bool ph__mechanism_is_builtin(const struct ph__mechanism_table *table,
                              const ph_mechanism *mechanism)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        if (&table->rows[i].mechanism == mechanism)
            return table->rows[i].owned_name == NULL;
    }
    return false;
}

static bool is_name(const char *name)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const size_t length = strspn(name, alphabet);
    return length >= 1 && length <= longest_name && name[length] == '\0';
}

int ph__mechanism_check(const ph_mechanism *mechanism)
{
    if (!mechanism || !mechanism->name || !is_name(mechanism->name))
        return PH_ERR_ARGUMENT;
    /* Nobody could ask for it: the word means the best mechanism. */
    if (strcmp(mechanism->name, "AUTO") == 0)
        return PH_ERR_ARGUMENT;
    /* A flag of a later version asks for something that this one does not do. */
    if ((mechanism->flags & ~(unsigned)known_flags) != 0)
        return PH_ERR_ARGUMENT;
    if (!mechanism->start || !mechanism->step || !mechanism->finish)
        return PH_ERR_ARGUMENT;
    return PH_OK;
}
