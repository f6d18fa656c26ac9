/* SPDX-License-Identifier: MIT */
/*
 * A ph_allocator that counts, fails when told to, and looks for a secret in what is released.
 * Each reallocation moves, so that a pointer kept across it is seen by AddressSanitizer.
 */
#ifndef TESTS_UNIT_BASE_TEST_ALLOCATOR_H
#define TESTS_UNIT_BASE_TEST_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

#include <posthaste/allocator.h>

struct test_allocator {
    ph_allocator allocator; /* lend this */
    int fail_at;            /* the allocation that fails, counted from 0; -1 for none */
    bool fails_from_there;  /* and all behind it */
    int n_allocations;
    bool has_failed;
    size_t live_blocks;
    const char *secret;       /* to look for in released blocks, or NULL */
    bool has_released_secret; /* it was found in one */
};

void test_allocator_init(struct test_allocator *test);

/** The same, with allocation number @p fail_at failing. */
void test_allocator_init_failing(struct test_allocator *test, int fail_at);

#endif
