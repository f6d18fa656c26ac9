/* SPDX-License-Identifier: MIT */
#include "known.h"

#include <stdlib.h>
#include <string.h>

#include "identity.h"

struct known_entry {
    char *identity; /* NULL: free */
    enum known_state state;
};

/* @return the entry of that identity, or the free one where it belongs */
static struct known_entry *find(struct known_entry *entries, size_t capacity, const char *identity)
{
    size_t at = (size_t)digest_add_text(DIGEST_BEGIN, identity) & (capacity - 1);
    while (entries[at].identity && strcmp(entries[at].identity, identity) != 0)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static bool grow(struct known *known)
{
    const size_t capacity = known->capacity ? 2 * known->capacity : 64;
    struct known_entry *entries = calloc(capacity, sizeof *entries);
    if (!entries)
        return false;
    for (size_t i = 0; i < known->capacity; i++) {
        if (known->entries[i].identity)
            *find(entries, capacity, known->entries[i].identity) = known->entries[i];
    }
    free(known->entries);
    known->entries = entries;
    known->capacity = capacity;
    return true;
}

bool known_set(struct known *known, const char *identity, enum known_state state)
{
    if (4 * (known->count + 1) > 3 * known->capacity && !grow(known))
        return false;
    struct known_entry *entry = find(known->entries, known->capacity, identity);
    if (!entry->identity) {
        entry->identity = strdup(identity);
        if (!entry->identity)
            return false;
        known->count++;
    }
    entry->state = state;
    return true;
}

enum known_state known_get(const struct known *known, const char *identity)
{
    return known->capacity ? find(known->entries, known->capacity, identity)->state : KNOWN_NOT;
}

void known_release(struct known *known)
{
    for (size_t i = 0; i < known->capacity; i++)
        free(known->entries[i].identity);
    free(known->entries);
    *known = (struct known){.entries = NULL};
}
