/* SPDX-License-Identifier: MIT */
/*
 * The SASL mechanisms that an object has: the built-in rows, and those that a program adds.
 * A new built-in mechanism is one row in mechanism_table.c and one file beside it.
 */
#ifndef PH_AUTH_MECHANISM_TABLE_H
#define PH_AUTH_MECHANISM_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <posthaste/allocator.h>
#include <posthaste/mechanism.h>

struct ph__mechanism_row {
    ph_mechanism mechanism; /* of a built-in row user_data is the table's allocator */
    char *owned_name;       /* behind mechanism.name if a program added it; NULL: built in */
    bool takes_password;    /* so that it may be chosen unasked */
};

/* Built-in rows first, the better of two first. Readable: rows and n_rows. */
struct ph__mechanism_table {
    const ph_allocator *allocator;
    struct ph__mechanism_row *rows;
    size_t n_rows;
};

/** Fills a table with the built-in rows. @return PH_OK, PH_ERR_NO_MEMORY (release is allowed) */
int ph__mechanism_table_init(struct ph__mechanism_table *table, const ph_allocator *allocator);

void ph__mechanism_table_release(struct ph__mechanism_table *table);

/**
 * Adds a copy, in place of the row of the same name if there is one. Ends the life of all pointers
 * that the table gave.
 * @return PH_OK, PH_ERR_ARGUMENT (as ph__mechanism_check), PH_ERR_NO_MEMORY (nothing changes)
 */
int ph__mechanism_table_add(struct ph__mechanism_table *table, const ph_mechanism *mechanism);

/** @return the mechanism of that name, whichever its case, "_" being "-"; or NULL. Valid until the
 * next mechanism is added. */
const ph_mechanism *ph__mechanism_find(const struct ph__mechanism_table *table, const char *name);

/**
 * The best mechanism for a password among those that are offered. Where nobody can listen the
 * password itself is sent, since every server can check that, whichever way it stores passwords;
 * elsewhere only mechanisms that hide it. XOAUTH2 and a program's own mechanisms take another kind
 * of secret and are left alone.
 *
 * @param secret_is_safe  TLS, or a connection that does not leave the machine
 * @return NULL if there is none; else as ph__mechanism_find
 */
const ph_mechanism *ph__mechanism_choose(const struct ph__mechanism_table *table,
                                         bool (*offered)(const char *name, void *user_data),
                                         void *user_data, bool secret_is_safe);

/** @return the mechanism is one of the table's and no program's own */
bool ph__mechanism_is_builtin(const struct ph__mechanism_table *table,
                              const ph_mechanism *mechanism);

/** @return equal but for case, "_" being "-" */
bool ph__mechanism_name_equals(const char *a, const char *b);

/** @return PH_OK, or PH_ERR_ARGUMENT: name, flags or functions are not as mechanism.h wants them */
int ph__mechanism_check(const ph_mechanism *mechanism);

#endif
