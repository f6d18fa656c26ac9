/* SPDX-License-Identifier: MIT */
#include "base/allocator.h"

#include <string.h>

#include <posthaste/error.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

static void default__none_is_malloc(void **state)
{
    (void)state;
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    char *block = ph__allocate(allocator, 3);
    assert_non_null(block);
    memcpy(block, "ab", 3);
    block = ph__reallocate_array(allocator, block, 100, 10);
    assert_non_null(block);
    assert_string_equal(block, "ab");
    ph__release(allocator, block);
}

static void default__own_is_kept(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    assert_ptr_equal(ph__allocator_or_default(&test.allocator), &test.allocator);
}

static void allocate__bytes_are_zero(void **state)
{
    (void)state;
    struct test_allocator test; /* fills its blocks with 0xa5 */
    test_allocator_init(&test);
    uint8_t *block = ph__allocate(&test.allocator, 100);
    static const uint8_t zeros[100];
    assert_memory_equal(block, zeros, sizeof zeros);
    ph__release(&test.allocator, block);
    assert_int_equal(test.live_blocks, 0);
}

static void allocate__failure_is_null(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 0);
    assert_null(ph__allocate(&test.allocator, 1));
}

static void reallocate_array__too_large_is_refused_and_block_stays(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    char *block = ph__duplicate(&test.allocator, "still here");
    assert_null(ph__reallocate_array(&test.allocator, block, SIZE_MAX / 2, 3));
    assert_int_equal(test.n_allocations, 1);
    assert_string_equal(block, "still here");
    ph__release(&test.allocator, block);
}

static void reallocate_array__size_zero_is_no_division(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    void *block = ph__reallocate_array(&test.allocator, NULL, 5, 0);
    ph__release(&test.allocator, block);
    assert_int_equal(test.live_blocks, 0);
}

static void reallocate_array__failure_leaves_block(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 1);
    char *block = ph__duplicate(&test.allocator, "kept");
    assert_null(ph__reallocate_array(&test.allocator, block, 10, 10));
    assert_string_equal(block, "kept");
    ph__release(&test.allocator, block);
    assert_int_equal(test.live_blocks, 0);
}

static void release__null_is_nothing(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    ph__release(&test.allocator, NULL);
    assert_int_equal(test.live_blocks, 0);
}

static void duplicate_bytes__ends_with_nul_and_reads_no_further(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "a", "smtp.example.org"};
    struct test_allocator test;
    test_allocator_init(&test);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct guarded input;
        guarded_init(&input, rows[i], strlen(rows[i]));
        char *copy = ph__duplicate_bytes(&test.allocator, input.bytes, input.n);
        assert_string_equal(copy, rows[i]);
        ph__release(&test.allocator, copy);
        guarded_release(&input);
    }
    assert_int_equal(test.live_blocks, 0);
}

static void duplicate_bytes__null_of_no_bytes_is_empty(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    char *copy = ph__duplicate_bytes(&test.allocator, NULL, 0);
    assert_string_equal(copy, "");
    ph__release(&test.allocator, copy);
}

static void duplicate__failure_is_null(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 0);
    assert_null(ph__duplicate(&test.allocator, "text"));
}

static void replace_string__replaces_and_removes(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    char *slot = NULL;
    assert_int_equal(ph__replace_string(&test.allocator, &slot, "first"), PH_OK);
    assert_string_equal(slot, "first");
    assert_int_equal(ph__replace_string(&test.allocator, &slot, "second"), PH_OK);
    assert_string_equal(slot, "second");
    assert_int_equal(test.live_blocks, 1);
    assert_int_equal(ph__replace_string(&test.allocator, &slot, NULL), PH_OK);
    assert_null(slot);
    assert_int_equal(test.live_blocks, 0);
}

static void replace_string__own_text_is_allowed(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    char *slot = ph__duplicate(&test.allocator, "prefix.rest");
    assert_int_equal(ph__replace_string(&test.allocator, &slot, slot + 7), PH_OK);
    assert_string_equal(slot, "rest");
    ph__release(&test.allocator, slot);
    assert_int_equal(test.live_blocks, 0);
}

static void replace_string__failure_changes_nothing(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 1);
    char *slot = ph__duplicate(&test.allocator, "old");
    assert_int_equal(ph__replace_string(&test.allocator, &slot, "new"), PH_ERR_NO_MEMORY);
    assert_string_equal(slot, "old");
    ph__release(&test.allocator, slot);
    assert_int_equal(test.live_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default__none_is_malloc),
        cmocka_unit_test(default__own_is_kept),
        cmocka_unit_test(allocate__bytes_are_zero),
        cmocka_unit_test(allocate__failure_is_null),
        cmocka_unit_test(reallocate_array__too_large_is_refused_and_block_stays),
        cmocka_unit_test(reallocate_array__size_zero_is_no_division),
        cmocka_unit_test(reallocate_array__failure_leaves_block),
        cmocka_unit_test(release__null_is_nothing),
        cmocka_unit_test(duplicate_bytes__ends_with_nul_and_reads_no_further),
        cmocka_unit_test(duplicate_bytes__null_of_no_bytes_is_empty),
        cmocka_unit_test(duplicate__failure_is_null),
        cmocka_unit_test(replace_string__replaces_and_removes),
        cmocka_unit_test(replace_string__own_text_is_allowed),
        cmocka_unit_test(replace_string__failure_changes_nothing),
    };
    return cmocka_run_group_tests_name("base/allocator", tests, NULL, NULL);
}
