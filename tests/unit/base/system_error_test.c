/* SPDX-License-Identifier: MIT */
#include "base/system_error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"

static void system_error__says_what_the_system_says(void **state)
{
    (void)state;
    static const int numbers[] = {ENOENT, EPIPE, ECONNREFUSED, ETIMEDOUT, ENOMEM};
    for (size_t i = 0; i < ROWS(numbers); i++) {
        char text[ph__system_error_size];
        assert_ptr_equal(ph__system_error(numbers[i], text, sizeof text), text);
        assert_string_equal(text, strerror(numbers[i])); /* there is one thread here */
    }
}

static void system_error__of_no_errno_is_the_number(void **state)
{
    (void)state;
    static const struct {
        int number;
        const char *text;
    } rows[] = {{12345, "error 12345"}, {-7, "error -7"}, {INT_MAX, "error 2147483647"}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[ph__system_error_size];
        assert_string_equal(ph__system_error(rows[i].number, text, sizeof text), rows[i].text);
    }
}

static void system_error__without_room_is_the_number_cut(void **state)
{
    (void)state;
    static const char whole[] = "error 2";
    assert_int_equal(ENOENT, 2);
    for (size_t room = 1; room < sizeof whole + 2; room++) {
        char expected[sizeof whole];
        const size_t kept = room < sizeof whole ? room - 1 : sizeof whole - 1;
        uint8_t filled[sizeof whole + 2];
        struct guarded guarded;
        memset(filled, '?', sizeof filled);
        guarded_init(&guarded, filled, room);
        memcpy(expected, whole, kept);
        expected[kept] = '\0';
        (void)ph__system_error(ENOENT, (char *)guarded.bytes, room);
        assert_string_equal((const char *)guarded.bytes, expected);
        guarded_release(&guarded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_error__says_what_the_system_says),
        cmocka_unit_test(system_error__of_no_errno_is_the_number),
        cmocka_unit_test(system_error__without_room_is_the_number_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
