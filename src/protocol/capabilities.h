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
    ph_allocator own_allocator; /* they may outlive whose reply they were read from */
    const ph_allocator *allocator;
    size_t users;
    char *said; /* what ph__capabilities_share read them from; NULL: nobody shares them */
    struct ph__buffer text; /* what the pointers below lead into */
    struct ph__buffer auth; /* the mechanisms, blanks between, NUL behind: parameters of AUTH */
    struct ph__buffer auth_names; /* the mechanisms, NUL behind each */
    size_t auth_count;
    struct ph__capability *list; /* as long as the longest reply so far */
    size_t room;
    size_t count;
};

/** @return a new object without any capability, or NULL; ph_capabilities_free gives it up */
ph_capabilities *ph__capabilities_new(const ph_allocator *allocator);

/**
 * Gives up a part in *own, and takes one in what an EHLO reply says: that of the session before, if
 * the server says the same as then, which servers do. Thousands of sessions with one server keep
 * its words once.
 *
 * @param last  where those who talk to the same server keep what it said last; NULL: nobody shares
 * @return PH_OK or PH_ERR_NO_MEMORY (*own is NULL then)
 */
int ph__capabilities_share(ph_capabilities **last, const ph_allocator *allocator,
                           const ph_reply *reply, ph_capabilities **own);

/** Takes what an EHLO reply says in place of what was there. @return PH_OK or PH_ERR_NO_MEMORY
 * (empty then) */
int ph__capabilities_read(ph_capabilities *capabilities, const ph_reply *reply);

/** Forgets everything. */
void ph__capabilities_clear(ph_capabilities *capabilities);

#endif
