/* SPDX-License-Identifier: MIT */
/* The names and numbers of statuses, phases and outcomes. */
#include <posthaste/error.h>

#include "unit/base/test.h"

static void names__every_status_and_phase_has_them(void **state)
{
    (void)state;
#define CHECK_STATUS(name, number, text)                                                           \
    assert_string_equal(ph_status_name(PH_##name), #name);                                         \
    assert_string_equal(ph_status_text(number), text);
    PH_STATUS_MAP(CHECK_STATUS)
#undef CHECK_STATUS
#define CHECK_PHASE(name, number, text) assert_string_equal(ph_phase_name(number), text);
    PH_PHASE_MAP(CHECK_PHASE)
#undef CHECK_PHASE
}

/* A binding may have copied them. */
static void names__numbers_are_stable(void **state)
{
    (void)state;
    assert_string_equal(ph_status_name(0), "OK");
    assert_string_equal(ph_status_name(-1), "ERR_ARGUMENT");
    assert_string_equal(ph_status_name(-17), "ERR_AUTHENTICATION");
    assert_string_equal(ph_status_name(-22), "ERR_CONFIGURATION");
    assert_string_equal(ph_phase_name(8), "auth");
    assert_string_equal(ph_phase_name(18), "command");
    assert_string_equal(ph_outcome_name(0), "not-sent");
    assert_string_equal(ph_outcome_name(1), "sent");
    assert_string_equal(ph_outcome_name(2), "unknown");
}

static void names__other_numbers_are_question_marks(void **state)
{
    (void)state;
    static const int numbers[] = {1000, -1000};
    for (size_t i = 0; i < ROWS(numbers); i++) {
        assert_string_equal(ph_status_name(numbers[i]), "?");
        assert_string_equal(ph_status_text(numbers[i]), "unknown status");
        assert_string_equal(ph_phase_name((ph_phase)numbers[i]), "?");
        assert_string_equal(ph_outcome_name((ph_outcome)numbers[i]), "?");
    }
}

static void may_pass__what_another_attempt_may_change(void **state)
{
    static const int passing[] = {PH_ERR_NO_MEMORY,    PH_ERR_HOST_UNKNOWN,  PH_ERR_IO,
                                  PH_ERR_CLOSED,       PH_ERR_BROKEN,        PH_ERR_OPEN_TIMEOUT,
                                  PH_ERR_READ_TIMEOUT, PH_ERR_WRITE_TIMEOUT, PH_ERR_TLS,
                                  PH_ERR_PROTOCOL,     PH_ERR_SERVER_BUSY,   PH_ERR_FULL};
    (void)state;
    for (int status = 5; status > -1000; status--) {
        bool expected = false;
        for (size_t i = 0; i < ROWS(passing); i++)
            expected |= passing[i] == status;
        if (ph_status_may_pass(status) != expected)
            fail_msg("%s", ph_status_name(status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__every_status_and_phase_has_them),
        cmocka_unit_test(names__numbers_are_stable),
        cmocka_unit_test(names__other_numbers_are_question_marks),
        cmocka_unit_test(may_pass__what_another_attempt_may_change),
    };
    return cmocka_run_group_tests_name("base/error: names", tests, NULL, NULL);
}
