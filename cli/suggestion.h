/* SPDX-License-Identifier: MIT */
/* The word that was probably meant: the nearest by edit distance. */
#ifndef CLI_SUGGESTION_H
#define CLI_SUGGESTION_H

#include <stddef.h>

struct suggestion {
    const char *typed;
    const char *nearest; /* NULL as long as nothing is near enough */
    size_t distance;
};

/** Begins a look for a word like @p typed. */
struct suggestion suggestion_for(const char *typed);

/** Takes @p candidate if it is near enough, and nearer than those before. */
void suggestion_consider(struct suggestion *suggestion, const char *candidate);

#endif
