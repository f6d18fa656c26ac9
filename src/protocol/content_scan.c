/* SPDX-License-Identifier: MIT */
/*
 * Looks for what must be changed in content, 64 bytes at a time: one bit a byte says where CR, LF
 * and dots stand, and shifted by one they say what stands beside them. Where the processor is not
 * known to have the instructions for that, memchr looks for each line's end.
 */
#include "protocol/content_scan.h"

#include <string.h>

#if defined(__SSE2__)

#include <emmintrin.h>

enum {
    block_size = 64
};

/* One bit for each of 64 bytes. */
struct marks {
    uint64_t cr;
    uint64_t lf;
    uint64_t dot;
};

static uint64_t marks_of(const __m128i *block, char byte)
{
    const __m128i wanted = _mm_set1_epi8(byte);
    uint64_t marks = 0;
    for (unsigned i = 0; i < 4; i++) {
        const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(block + i), wanted));
        marks |= (uint64_t)(unsigned)found << (16 * i);
    }
    return marks;
}

/* The bytes before the block decide about its first one. */
struct before {
    uint64_t cr; /* 1: the byte before is a CR */
    uint64_t lf; /* 1: the byte before ends a line, or there is none */
};

enum {
    nowhere = 64
};

/* @return where in the block the first byte stands that cannot pass, -1 for the byte before it, or
 * nowhere */
static int scan_block(const __m128i *block, struct before *before, bool finds_dots)
{
    const uint64_t cr = marks_of(block, '\r');
    const uint64_t lf = marks_of(block, '\n');
    const uint64_t dot = finds_dots ? marks_of(block, '.') : 0;
    const uint64_t behind_cr = cr << 1 | before->cr;
    /* A CR and an LF must come together: a bit that only one of both has is a lone one. A lone CR
     * is marked one byte late. */
    const uint64_t found = (lf ^ behind_cr) | (dot & (lf << 1 | before->lf));
    before->cr = cr >> 63;
    before->lf = lf >> 63;
    if (found == 0)
        return nowhere;
    const bool is_late = (behind_cr & ~lf & (found & -found)) != 0;
    return __builtin_ctzll(found) - is_late;
}

size_t ph__content_scan(const uint8_t *bytes, size_t n, bool at_line_start, bool finds_dots)
{
    struct before before = {.cr = 0, .lf = at_line_start};
    size_t i = 0;
    for (; i + block_size <= n; i += block_size) {
        const int at = scan_block((const __m128i *)(const void *)(bytes + i), &before, finds_dots);
        if (at != nowhere)
            return (size_t)((ptrdiff_t)i + at);
    }
    if (i == n)
        return before.cr ? n - 1 : n;
    /* The zeros behind the rest are no LF: a CR that ends it is found as a lone one. */
    __m128i rest[block_size / sizeof(__m128i)] = {{0}};
    memcpy(rest, bytes + i, n - i);
    const int at = scan_block(rest, &before, finds_dots);
    return at == nowhere ? n : (size_t)((ptrdiff_t)i + at);
}

#else

size_t ph__content_scan(const uint8_t *bytes, size_t n, bool at_line_start, bool finds_dots)
{
    size_t i = 0;
    while (i < n) {
        if (finds_dots && at_line_start && bytes[i] == '.')
            return i;
        const uint8_t *lf = memchr(bytes + i, '\n', n - i);
        const size_t end = lf ? (size_t)(lf - bytes) : n;
        const uint8_t *cr = memchr(bytes + i, '\r', end - i);
        if (!lf && !cr)
            return n;
        if (!lf || !cr || cr + 1 != lf)
            return cr ? (size_t)(cr - bytes) : end;
        i = end + 1;
        at_line_start = true;
    }
    return n;
}

#endif
