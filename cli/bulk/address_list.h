/* SPDX-License-Identifier: MIT */
/*
 * The addresses of a header field such as To (RFC 5322 section 3.4): names, comments, groups and
 * routes are passed over, folding is white space.
 */
#ifndef CLI_BULK_ADDRESS_LIST_H
#define CLI_BULK_ADDRESS_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include <posthaste/address.h>

struct address_list {
    const char *at; /* what is left of the field's value */
    const char *end;
    /* The address found last. A longer one is cut to one byte more than an address may have, so
     * that it is refused as any other that is none. */
    char address[PH_ADDRESS_MAX + 2];
    size_t length;
};

/** Begins with a field's value, which must stay. */
void address_list_begin(struct address_list *list, const char *value, size_t n);

/** Finds the next address; whether it is one, ph_address_new says. @return there was one */
bool address_list_next(struct address_list *list);

#endif
