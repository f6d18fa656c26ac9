/* SPDX-License-Identifier: MIT */
/* A ph_allocator that counts, fails when told to, and looks for a secret in what is released. */
#include "unit/base/test_allocator.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In front of each block; as strictly aligned as any type. */
union header {
    size_t size;
    max_align_t alignment;
};

static bool is_due(struct test_allocator *test)
{
    const int number = test->n_allocations++;
    const bool fails = test->fail_at >= 0 &&
                       (test->fails_from_there ? number >= test->fail_at : number == test->fail_at);
    test->has_failed = test->has_failed || fails;
    return fails;
}

static void *allocate(size_t size, void *user_data)
{
    struct test_allocator *test = user_data;
    if (is_due(test) || size > SIZE_MAX - sizeof(union header))
        return NULL;
    union header *header = malloc(sizeof *header + size);
    if (!header)
        return NULL;
    header->size = size;
    test->live_blocks++;
    return memset(header + 1, 0xa5, size);
}

static bool contains(const uint8_t *bytes, size_t n, const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i + length <= n; i++) {
        if (memcmp(bytes + i, text, length) == 0)
            return true;
    }
    return false;
}

static void release(void *block, void *user_data)
{
    struct test_allocator *test = user_data;
    if (!block)
        return;
    union header *header = (union header *)block - 1;
    if (test->secret && contains(block, header->size, test->secret))
        test->has_released_secret = true;
    test->live_blocks--;
    free(header);
}

static void *reallocate(void *block, size_t size, void *user_data)
{
    void *moved = allocate(size, user_data);
    if (moved && block) {
        const size_t old_size = ((union header *)block - 1)->size;
        memcpy(moved, block, old_size < size ? old_size : size);
        release(block, user_data);
    }
    return moved;
}

void test_allocator_init(struct test_allocator *test)
{
    test_allocator_init_failing(test, -1);
}

void test_allocator_init_failing(struct test_allocator *test, int fail_at)
{
    *test = (struct test_allocator){
        .allocator = {allocate, reallocate, release, test},
        .fail_at = fail_at,
    };
}
