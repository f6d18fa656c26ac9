/* SPDX-License-Identifier: MIT */
/* What is known of messages, by their identities: a hash table. */
#ifndef CLI_BULK_KNOWN_H
#define CLI_BULK_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

/* How far a message got. */
enum known_state {
    KNOWN_NOT,   /* never heard of */
    KNOWN_BEGUN, /* it was handed over, and then the run ended: nobody knows what became of it */
    KNOWN_SENT,
    KNOWN_REFUSED, /* for good */
    KNOWN_FAILED,  /* it was not sent, and may be tried again */
    KNOWN_UNKNOWN, /* its end was sent, and no reply came */
    known_states
};

struct known_entry;

struct known {
    struct known_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

/** Notes what is known now of a message. @return false without memory */
bool known_set(struct known *known, const char *identity, enum known_state state);

enum known_state known_get(const struct known *known, const char *identity);

void known_release(struct known *known);

#endif
