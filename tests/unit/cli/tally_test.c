/* SPDX-License-Identifier: MIT */
#include "cli/bulk/tally.h"

#include "cli/exit_code.h"
#include "unit/base/test.h"

static ph_error error_of(ph_status status, ph_phase phase, ph_outcome outcome)
{
    return (ph_error){.status = status, .phase = phase, .outcome = outcome, .message = ""};
}

static void how_a_message_ended__follows_from_its_error(void **state)
{
    static const struct {
        ph_status status;
        ph_phase phase;
        ph_outcome outcome;
        enum known_state state;
        const char *note;
    } rows[] = {
        {PH_ERR_FATAL, PH_PHASE_RCPT, PH_OUTCOME_NOT_SENT, KNOWN_REFUSED, "550 to RCPT"},
        {PH_ERR_SYNTAX, PH_PHASE_RCPT, PH_OUTCOME_NOT_SENT, KNOWN_REFUSED, "501 to RCPT"},
        {PH_ERR_ARGUMENT, PH_PHASE_MAIL, PH_OUTCOME_NOT_SENT, KNOWN_REFUSED, "no address"},
        {PH_ERR_UNSUPPORTED, PH_PHASE_MAIL, PH_OUTCOME_NOT_SENT, KNOWN_REFUSED, "no SMTPUTF8"},
        {PH_ERR_FATAL, PH_PHASE_GREETING, PH_OUTCOME_NOT_SENT, KNOWN_FAILED, "554 to all"},
        {PH_ERR_SERVER_BUSY, PH_PHASE_RCPT, PH_OUTCOME_NOT_SENT, KNOWN_FAILED, "450 to RCPT"},
        {PH_ERR_CLOSED, PH_PHASE_BODY, PH_OUTCOME_NOT_SENT, KNOWN_FAILED, "lost before the end"},
        {PH_ERR_CANCELLED, PH_PHASE_NONE, PH_OUTCOME_NOT_SENT, KNOWN_FAILED, "taken back"},
        {PH_ERR_SOURCE, PH_PHASE_NONE, PH_OUTCOME_NOT_SENT, KNOWN_FAILED, "no such file"},
        {PH_ERR_CLOSED, PH_PHASE_BODY, PH_OUTCOME_UNKNOWN, KNOWN_UNKNOWN, "lost at the end"},
        {PH_ERR_FATAL, PH_PHASE_RCPT, PH_OUTCOME_UNKNOWN, KNOWN_UNKNOWN, "the outcome decides"},
    };
    (void)state;
    assert_int_equal(tally_state_of(NULL), KNOWN_SENT);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_error error = error_of(rows[i].status, rows[i].phase, rows[i].outcome);
        CHECK(tally_state_of(&error) == rows[i].state, rows[i].note);
    }
}

static void what_ended__is_counted(void **state)
{
    const ph_error refused = error_of(PH_ERR_FATAL, PH_PHASE_RCPT, PH_OUTCOME_NOT_SENT);
    const ph_error lost = error_of(PH_ERR_CLOSED, PH_PHASE_BODY, PH_OUTCOME_UNKNOWN);
    struct tally tally = {.first_code = EXIT_OK};
    (void)state;
    tally_add(&tally, KNOWN_SENT, NULL);
    tally_add(&tally, KNOWN_REFUSED, &refused);
    tally_add(&tally, KNOWN_UNKNOWN, &lost);
    assert_int_equal(tally_done(&tally), 3);
    assert_int_equal(tally_failed(&tally), 2);
    assert_int_equal(tally.first_code, EXIT_NO_USER);
}

static void refused_in_part_for_now__is_worth_another_run(void **state)
{
    const ph_error refused = error_of(PH_ERR_FATAL, PH_PHASE_RCPT, PH_OUTCOME_NOT_SENT);
    struct tally tally = {.first_code = EXIT_OK};
    (void)state;
    tally_add(&tally, KNOWN_FAILED, &refused);
    assert_int_equal(tally_exit_code(&tally), EXIT_TRY_AGAIN);
    tally = (struct tally){.first_code = EXIT_OK};
    tally_add(&tally, KNOWN_SENT, &refused);
    assert_int_equal(tally_exit_code(&tally), EXIT_OK);
}

static void the_exit_code__tells_what_to_do_next(void **state)
{
    static const struct {
        struct tally tally;
        int code;
        const char *note;
    } rows[] = {
        {{.now = {0}}, EXIT_OK, "nothing to do"},
        {{.now = {[KNOWN_SENT] = 3}}, EXIT_OK, "all sent"},
        {{.before = {[KNOWN_SENT] = 3}}, EXIT_OK, "all sent before"},
        {{.now = {[KNOWN_SENT] = 3}, .refused_recipients = 1}, EXIT_PARTIAL, "not to all"},
        {{.before = {[KNOWN_SENT] = 3}, .refused_before = 1}, EXIT_PARTIAL, "not to all, before"},
        {{.now = {[KNOWN_SENT] = 3}, .refused_recipients = 1, .failed_recipients = 1},
         EXIT_TRY_AGAIN,
         "some recipients may get it yet"},
        {{.now = {[KNOWN_REFUSED] = 1}, .was_sent_in_part = true, .first_code = EXIT_NO_USER},
         EXIT_PARTIAL,
         "the rest of the recipients refused"},
        {{.now = {[KNOWN_SENT] = 1, [KNOWN_REFUSED] = 1}, .first_code = EXIT_NO_USER},
         EXIT_PARTIAL,
         "some refused"},
        {{.now = {[KNOWN_SENT] = 1}, .before = {[KNOWN_REFUSED] = 1}},
         EXIT_PARTIAL,
         "refused before"},
        {{.now = {[KNOWN_REFUSED] = 2}, .first_code = EXIT_NO_USER}, EXIT_NO_USER, "all refused"},
        {{.now = {[KNOWN_REFUSED] = 2}, .before = {[KNOWN_SENT] = 1}, .first_code = EXIT_NO_USER},
         EXIT_PARTIAL,
         "the rest refused"},
        {{.now = {[KNOWN_SENT] = 1, [KNOWN_REFUSED] = 1, [KNOWN_FAILED] = 1},
          .first_code = EXIT_NO_USER},
         EXIT_TRY_AGAIN,
         "some may be sent yet"},
        {{.now = {[KNOWN_SENT] = 1}, .is_incomplete = true}, EXIT_TRY_AGAIN, "stopped"},
        {{.now = {[KNOWN_SENT] = 1, [KNOWN_UNKNOWN] = 1, [KNOWN_FAILED] = 1},
          .first_code = EXIT_TRY_AGAIN},
         EXIT_PROTOCOL,
         "unknown goes before all"},
        {{.before = {[KNOWN_SENT] = 1, [KNOWN_BEGUN] = 1}}, EXIT_PROTOCOL, "cut off before"},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK(tally_exit_code(&rows[i].tally) == rows[i].code, rows[i].note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_a_message_ended__follows_from_its_error),
        cmocka_unit_test(what_ended__is_counted),
        cmocka_unit_test(refused_in_part_for_now__is_worth_another_run),
        cmocka_unit_test(the_exit_code__tells_what_to_do_next),
    };
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
