/* SPDX-License-Identifier: MIT */
/* What a server offers after EHLO: the object behind ph_capabilities. */
#ifndef PH_PROTOCOL_CAPABILITIES_H
#define PH_PROTOCOL_CAPABILITIES_H

#include <posthaste/capabilities.h>

#include "base/buffer.h"

/* Against servers that offer without end; real ones offer some 20. */
enum {
    ph__capabilities_max = 128,
    ph__auth_mechanisms_max = 64
};

struct ph__capability {
    const char *keyword;
    const char *parameters;
};

struct ph_capabilities {
    const ph_allocator *allocator;
    struct ph__buffer text; /* what the pointers below lead into */
    struct ph__buffer auth; /* the mechanisms, blanks between, NUL behind: parameters of AUTH */
    struct ph__buffer auth_names; /* the mechanisms, NUL behind each */
    size_t auth_count;
    struct ph__capability *list; /* as long as the longest reply so far */
    size_t room;
    size_t count;
};

/** @return a new object without any capability, or NULL */
ph_capabilities *ph__capabilities_new(const ph_allocator *allocator);

/** Takes what an EHLO reply says in place of what was there. @return PH_OK or PH_ERR_NO_MEMORY
 * (empty then) */
int ph__capabilities_read(ph_capabilities *capabilities, const ph_reply *reply);

/** Forgets everything. */
void ph__capabilities_clear(ph_capabilities *capabilities);

#endif
