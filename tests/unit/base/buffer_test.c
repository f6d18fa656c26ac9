/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <string.h>

#include <posthaste/error.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

static void append__grows_to_the_maximum_and_no_further(void **state)
{
    (void)state;
    static const size_t maxima[] = {1, 63, 64, 65, 100, 1000};
    for (size_t i = 0; i < ROWS(maxima); i++) {
        struct test_allocator test;
        test_allocator_init(&test);
        struct ph__buffer buffer;
        ph__buffer_init(&buffer, &test.allocator, maxima[i]);
        for (size_t n = 0; n < maxima[i]; n++) {
            const uint8_t byte = (uint8_t)n;
            assert_int_equal(ph__buffer_append(&buffer, &byte, 1), PH_OK);
        }
        assert_int_equal(ph__buffer_append(&buffer, "x", 1), PH_ERR_ARGUMENT);
        assert_int_equal(buffer.length, maxima[i]);
        assert_in_range(buffer.capacity, 1, maxima[i]);
        for (size_t n = 0; n < maxima[i]; n++)
            assert_int_equal(buffer.bytes[n], (uint8_t)n);
        ph__buffer_release(&buffer);
        assert_int_equal(test.live_blocks, 0);
    }
}

static void append__reads_no_further_than_told(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct guarded input;
    guarded_init(&input, "abc", 3);
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, 100);
    assert_int_equal(ph__buffer_append(&buffer, input.bytes, input.n), PH_OK);
    assert_int_equal(ph__buffer_append(&buffer, input.bytes + input.n, 0), PH_OK);
    assert_memory_equal(buffer.bytes, "abc", 3);
    ph__buffer_release(&buffer);
    guarded_release(&input);
}

static void append__nothing_allocates_nothing(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, 0);
    assert_int_equal(ph__buffer_append(&buffer, NULL, 0), PH_OK);
    assert_int_equal(ph__buffer_append_string(&buffer, ""), PH_OK);
    assert_null(buffer.bytes);
    assert_int_equal(test.n_allocations, 0);
    assert_int_equal(ph__buffer_append(&buffer, "a", 1), PH_ERR_ARGUMENT);
    ph__buffer_release(&buffer);
}

static void reserve__sum_beyond_the_counter_is_refused(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, UINT32_MAX);
    assert_int_equal(ph__buffer_append_string(&buffer, "abc"), PH_OK);
    assert_int_equal(ph__buffer_reserve(&buffer, SIZE_MAX), PH_ERR_ARGUMENT);
    assert_int_equal(ph__buffer_reserve(&buffer, UINT32_MAX - 2), PH_ERR_ARGUMENT);
    test.fail_at = test.n_allocations;
    assert_int_equal(ph__buffer_reserve(&buffer, UINT32_MAX - 3), PH_ERR_NO_MEMORY);
    assert_memory_equal(buffer.bytes, "abc", 3);
    ph__buffer_release(&buffer);
    assert_int_equal(test.live_blocks, 0);
}

static void reserve__room_is_there_without_another_allocation(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, 1000);
    assert_int_equal(ph__buffer_reserve(&buffer, 500), PH_OK);
    const uint8_t *before = buffer.bytes;
    for (int i = 0; i < 50; i++)
        assert_int_equal(ph__buffer_append_string(&buffer, "0123456789"), PH_OK);
    assert_ptr_equal(buffer.bytes, before);
    assert_int_equal(test.n_allocations, 1);
    ph__buffer_release(&buffer);
}

static void append__no_memory_leaves_what_was_there(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 1);
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, 1000);
    assert_int_equal(ph__buffer_append_string(&buffer, "first"), PH_OK);
    char more[100];
    memset(more, 'x', sizeof more);
    assert_int_equal(ph__buffer_append(&buffer, more, sizeof more), PH_ERR_NO_MEMORY);
    assert_int_equal(buffer.length, 5);
    assert_memory_equal(buffer.bytes, "first", 5);
    assert_int_equal(ph__buffer_append(&buffer, more, sizeof more), PH_OK);
    assert_int_equal(buffer.length, 105);
    ph__buffer_release(&buffer);
    assert_int_equal(test.live_blocks, 0);
}

static void consume__drops_the_beginning(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *rest;
    } rows[] = {{0, "abcdef"}, {1, "bcdef"}, {5, "f"}, {6, ""}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct test_allocator test;
        test_allocator_init(&test);
        struct ph__buffer buffer;
        ph__buffer_init(&buffer, &test.allocator, 100);
        assert_int_equal(ph__buffer_append_string(&buffer, "abcdef"), PH_OK);
        ph__buffer_consume(&buffer, rows[i].n);
        CHECK(buffer.length == strlen(rows[i].rest), rows[i].rest);
        CHECK(memcmp(buffer.bytes, rows[i].rest, buffer.length) == 0, rows[i].rest);
        ph__buffer_release(&buffer);
    }
}

static void truncate__cuts_and_keeps_the_memory(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, 100);
    assert_int_equal(ph__buffer_append_string(&buffer, "abcdef"), PH_OK);
    const uint8_t *before = buffer.bytes;
    ph__buffer_truncate(&buffer, 2);
    assert_int_equal(buffer.length, 2);
    assert_memory_equal(buffer.bytes, "ab", 2);
    ph__buffer_truncate(&buffer, 0);
    assert_ptr_equal(buffer.bytes, before);
    ph__buffer_release(&buffer);
}

static void truncate__empty_secret_without_memory_is_nothing(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__buffer buffer;
    ph__buffer_init_secret(&buffer, &test.allocator, 100);
    ph__buffer_truncate(&buffer, 0);
    ph__buffer_release(&buffer);
    assert_int_equal(test.n_allocations, 0);
}

static void release__buffer_can_be_used_again(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, 100);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ph__buffer_append_string(&buffer, "again"), PH_OK);
        assert_int_equal(buffer.length, 5);
        ph__buffer_release(&buffer);
        assert_null(buffer.bytes);
        assert_int_equal(test.live_blocks, 0);
    }
    ph__buffer_release(&buffer);
}

static void secret__is_wiped_where_the_buffer_shrinks(void **state)
{
    (void)state;
    static const uint8_t zeros[6];
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__buffer buffer;
    ph__buffer_init_secret(&buffer, &test.allocator, 100);
    assert_int_equal(ph__buffer_append_string(&buffer, "secret"), PH_OK);
    ph__buffer_truncate(&buffer, 1);
    assert_memory_equal(buffer.bytes + 1, zeros, 5);
    assert_int_equal(ph__buffer_append_string(&buffer, "ecret"), PH_OK);
    ph__buffer_consume(&buffer, 4);
    assert_memory_equal(buffer.bytes, "et", 2);
    assert_memory_equal(buffer.bytes + 2, zeros, 4);
    ph__buffer_truncate(&buffer, 0);
    assert_memory_equal(buffer.bytes, zeros, 6);
    ph__buffer_release(&buffer);
}

static void secret__is_not_in_released_memory(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    test.secret = "tanstaaf";
    struct ph__buffer buffer;
    ph__buffer_init_secret(&buffer, &test.allocator, 1000);
    for (int i = 0; i < 50; i++)
        assert_int_equal(ph__buffer_append_string(&buffer, "tanstaaftanstaaf"), PH_OK);
    assert_in_range(test.n_allocations, 2, 100); /* it moved */
    ph__buffer_release(&buffer);
    assert_false(test.has_released_secret);
    assert_int_equal(test.live_blocks, 0);
}

/* So that the test above can be trusted. */
static void not_secret__is_found_in_released_memory(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    test.secret = "tanstaaf";
    struct ph__buffer buffer;
    ph__buffer_init(&buffer, &test.allocator, 1000);
    assert_int_equal(ph__buffer_append_string(&buffer, "tanstaaftanstaaf"), PH_OK);
    ph__buffer_release(&buffer);
    assert_true(test.has_released_secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append__grows_to_the_maximum_and_no_further),
        cmocka_unit_test(append__reads_no_further_than_told),
        cmocka_unit_test(append__nothing_allocates_nothing),
        cmocka_unit_test(reserve__sum_beyond_the_counter_is_refused),
        cmocka_unit_test(reserve__room_is_there_without_another_allocation),
        cmocka_unit_test(append__no_memory_leaves_what_was_there),
        cmocka_unit_test(consume__drops_the_beginning),
        cmocka_unit_test(truncate__cuts_and_keeps_the_memory),
        cmocka_unit_test(truncate__empty_secret_without_memory_is_nothing),
        cmocka_unit_test(release__buffer_can_be_used_again),
        cmocka_unit_test(secret__is_wiped_where_the_buffer_shrinks),
        cmocka_unit_test(secret__is_not_in_released_memory),
        cmocka_unit_test(not_secret__is_found_in_released_memory),
    };
    return cmocka_run_group_tests_name("base/buffer", tests, NULL, NULL);
}
