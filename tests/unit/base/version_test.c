/* SPDX-License-Identifier: MIT */
#include <posthaste/version.h>

#include <stdio.h>

#include "unit/base/test.h"

static void version__library_and_headers_agree(void **state)
{
    (void)state;
    char numbers[40];
    (void)snprintf(numbers, sizeof numbers, "%d.%d.%d", PH_VERSION_MAJOR, PH_VERSION_MINOR,
                   PH_VERSION_PATCH);
    assert_string_equal(ph_version(), numbers);
    assert_string_equal(ph_version(), PH_VERSION_STRING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version__library_and_headers_agree),
    };
    return cmocka_run_group_tests_name("base/version", tests, NULL, NULL);
}
