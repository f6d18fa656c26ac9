/* SPDX-License-Identifier: MIT */
/*
 * Looks for what must be changed in content. Most blocks need no change, and a run of those is
 * passed by comparing each byte with the one before it, many at a time. Where something stands, the
 * block is looked at closely: one bit a byte says where CR, LF and dots are, and shifted by one
 * they say what is beside them. Where the processor is not known to have the instructions for that,
 * memchr looks for each line's end.
 */
#include "protocol/content_scan.h"

#include <string.h>

#if defined(__SSE2__)

#include <immintrin.h>

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

/* ---- Runs of blocks that need no change ------------------------------------------------------ */

enum {
    long_content = 32 * 1024,
    three_pages = 12 * 1024
};

/* How far ahead of a block bytes are asked for. The processor fetches ahead by itself, but no
 * further than to the end of a page of 4 KiB. Behind long content there mostly is more of it; if
 * there is none, no harm is done: a hint is no access. */
static size_t distance_ahead(size_t n)
{
    return n >= long_content ? three_pages : 0;
}

static void fetch_ahead(const uint8_t *block, size_t distance)
{
    _mm_prefetch((const char *)((uintptr_t)block + distance), _MM_HINT_T0);
}

/* Each looks at the blocks from byte i on, which is not the first, and returns where the first one
 * stands that has something to be changed, or the rest that is no whole block. */

static size_t pass_clean_sse2(const uint8_t *bytes, size_t i, size_t n, bool finds_dots)
{
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i dot = _mm_set1_epi8(finds_dots ? '.' : '\n'); /* LF LF is found anyway */
    const size_t distance = distance_ahead(n);
    for (; i + block_size <= n; i += block_size) {
        __m128i found = _mm_setzero_si128();
        fetch_ahead(bytes + i, distance);
        for (size_t k = 0; k < block_size; k += sizeof found) {
            const __m128i now = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i + k));
            const __m128i before =
                _mm_loadu_si128((const __m128i *)(const void *)(bytes + i + k - 1));
            const __m128i lone = _mm_xor_si128(_mm_cmpeq_epi8(now, lf), _mm_cmpeq_epi8(before, cr));
            const __m128i leading =
                _mm_and_si128(_mm_cmpeq_epi8(now, dot), _mm_cmpeq_epi8(before, lf));
            found = _mm_or_si128(found, _mm_or_si128(lone, leading));
        }
        if (_mm_movemask_epi8(found) != 0)
            break;
    }
    return i;
}

__attribute__((target("avx2"))) static size_t pass_clean_avx2(const uint8_t *bytes, size_t i,
                                                              size_t n, bool finds_dots)
{
    const __m256i cr = _mm256_set1_epi8('\r');
    const __m256i lf = _mm256_set1_epi8('\n');
    const __m256i dot = _mm256_set1_epi8(finds_dots ? '.' : '\n');
    const size_t distance = distance_ahead(n);
    for (; i + block_size <= n; i += block_size) {
        __m256i found = _mm256_setzero_si256();
        fetch_ahead(bytes + i, distance);
        for (size_t k = 0; k < block_size; k += sizeof found) {
            const __m256i now = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + i + k));
            const __m256i before =
                _mm256_loadu_si256((const __m256i *)(const void *)(bytes + i + k - 1));
            const __m256i lone =
                _mm256_xor_si256(_mm256_cmpeq_epi8(now, lf), _mm256_cmpeq_epi8(before, cr));
            const __m256i leading =
                _mm256_and_si256(_mm256_cmpeq_epi8(now, dot), _mm256_cmpeq_epi8(before, lf));
            found = _mm256_or_si256(found, _mm256_or_si256(lone, leading));
        }
        if (_mm256_movemask_epi8(found) != 0)
            break;
    }
    return i;
}

static size_t pass_clean(const uint8_t *bytes, size_t i, size_t n, bool finds_dots)
{
    return __builtin_cpu_supports("avx2") ? pass_clean_avx2(bytes, i, n, finds_dots)
                                          : pass_clean_sse2(bytes, i, n, finds_dots);
}

/* ---- All ------------------------------------------------------------------------------------- */

static struct before state_before(const uint8_t *bytes, size_t i)
{
    return (struct before){.cr = bytes[i - 1] == '\r', .lf = bytes[i - 1] == '\n'};
}

size_t ph__content_scan(const uint8_t *bytes, size_t n, bool at_line_start, bool finds_dots)
{
    struct before before = {.cr = 0, .lf = at_line_start};
    size_t i = 0;
    while (i + block_size <= n) {
        const int at = scan_block((const __m128i *)(const void *)(bytes + i), &before, finds_dots);
        if (at != nowhere)
            return (size_t)((ptrdiff_t)i + at);
        i = pass_clean(bytes, i + block_size, n, finds_dots);
        before = state_before(bytes, i);
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
