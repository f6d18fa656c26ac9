/* SPDX-License-Identifier: MIT */
/* What fuzz targets share. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_violated(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: violated: %s\n", file, line, condition);
    abort();
}

static void *block(size_t n)
{
    void *made = malloc(n > 0 ? n : 1);
    REQUIRE(made);
    return made;
}

uint8_t *fuzz_exact(const void *bytes, size_t n)
{
    uint8_t *made = block(n);
    if (n > 0)
        memcpy(made, bytes, n);
    return made;
}

char *fuzz_string(const void *bytes, size_t n)
{
    char *made = block(n + 1);
    if (n > 0)
        memcpy(made, bytes, n);
    made[n] = '\0';
    return made;
}

/* FNV-1a, which wraps on purpose. */
void fuzz_note(uint64_t *hash, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    uint64_t state = *hash ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        state = (state ^ at[i]) * UINT64_C(0x100000001b3);
    *hash = (state ^ n) * UINT64_C(0x100000001b3);
}

void fuzz_note_text(uint64_t *hash, const char *text)
{
    fuzz_note(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

void fuzz_cutter_init(struct fuzz_cutter *cutter, enum fuzz_split split, const uint8_t *data,
                      size_t size)
{
    *cutter = (struct fuzz_cutter){.split = split};
    fuzz_note(&cutter->state, data, size);
}

size_t fuzz_cut(struct fuzz_cutter *cutter, size_t rest)
{
    if (cutter->split == FUZZ_WHOLE)
        return rest;
    if (cutter->split == FUZZ_BYTES)
        return 1;
    cutter->state = cutter->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint64_t drawn = cutter->state >> 33;
    const size_t most = drawn % 4 == 0 ? rest : 16; /* short pieces more often than long ones */
    const size_t length = 1 + (size_t)(drawn / 4 % most);
    return length < rest ? length : rest;
}

bool fuzz_next_line(const uint8_t **data, size_t *size, struct fuzz_line *line)
{
    if (*size == 0)
        return false;
    const uint8_t *end = memchr(*data, '\n', *size);
    line->bytes = *data;
    line->n = end ? (size_t)(end - *data) : *size;
    const size_t used = line->n + (end ? 1 : 0);
    *data += used;
    *size -= used;
    return true;
}

bool fuzz_contains(const void *bytes, size_t n, const char *text)
{
    const uint8_t *at = bytes;
    const size_t length = strlen(text);
    for (size_t i = 0; i + length <= n; i++) {
        size_t same = 0;
        while (same < length && at[i + same] == (uint8_t)text[same])
            same++;
        if (same == length)
            return true;
    }
    return false;
}
