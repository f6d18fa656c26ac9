/* SPDX-License-Identifier: MIT */
/* The word that was probably meant: the nearest by edit distance. */
#include "suggestion.h"

#include <string.h>

enum {
    word_max = 40 /* longer words are not options of ours */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * How many letters to insert, drop, change or swap with their neighbour turn one word into the
 * other (the optimal string alignment distance), row by row.
 */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][word_max + 1];
    size_t *before_last = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = before_last[j] = last[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before_last[j - 2] + 1);
        }
        size_t *const oldest = before_last;
        before_last = last;
        last = row;
        row = oldest;
    }
    return last[b_length];
}

struct suggestion suggestion_for(const char *typed)
{
    /* One letter in three may be wrong. */
    const size_t allowed = strlen(typed) / 3;
    return (struct suggestion){.typed = typed, .distance = (allowed < 1 ? 1 : allowed) + 1};
}

void suggestion_consider(struct suggestion *suggestion, const char *candidate)
{
    const size_t typed_length = strlen(suggestion->typed);
    const size_t length = strlen(candidate);
    if (typed_length == 0 || typed_length > word_max || length > word_max)
        return;
    size_t distance = edit_distance(suggestion->typed, typed_length, candidate, length);
    if (typed_length > 1 && strncmp(suggestion->typed, candidate, typed_length) == 0)
        distance = 1; /* the beginning of a word is as good as a slip */
    if (distance < suggestion->distance && distance < length) {
        suggestion->nearest = candidate;
        suggestion->distance = distance;
    }
}
