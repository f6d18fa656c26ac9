/* SPDX-License-Identifier: MIT */
#include "base/secure_wipe.h"

#include <string.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

static void wipe__overwrites_what_was_named_and_nothing_else(void **state)
{
    (void)state;
    char text[] = "before secret behind";
    ph__wipe(text + 7, 6);
    assert_memory_equal(text, "before \0\0\0\0\0\0 behind", sizeof text);
}

static void wipe__null_of_no_bytes_is_nothing(void **state)
{
    (void)state;
    char text[] = "kept";
    ph__wipe(NULL, 0);
    ph__wipe(text, 0);
    assert_string_equal(text, "kept");
}

static void release_secret__wipes_first(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    test.secret = "tanstaaf";
    char *slot = ph__duplicate(&test.allocator, "tanstaaftanstaaf");
    assert_non_null(slot);
    ph__release_secret(&test.allocator, &slot);
    assert_null(slot);
    assert_int_equal(test.live_blocks, 0);
    assert_false(test.has_released_secret);
}

static void release_secret__null_is_nothing(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    char *slot = NULL;
    ph__release_secret(&test.allocator, &slot);
    assert_null(slot);
    assert_int_equal(test.live_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wipe__overwrites_what_was_named_and_nothing_else),
        cmocka_unit_test(wipe__null_of_no_bytes_is_nothing),
        cmocka_unit_test(release_secret__wipes_first),
        cmocka_unit_test(release_secret__null_is_nothing),
    };
    return cmocka_run_group_tests_name("base/secure_wipe", tests, NULL, NULL);
}
