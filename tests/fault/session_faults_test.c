/* SPDX-License-Identifier: MIT */
/*
 * Servers that close, reset or lie, seen through the blocking client: which status, in which
 * phase, and above all what is said of the message.
 */
#include "fault/client_test.h"

#include <signal.h>

struct row {
    const char *note;
    const struct step *steps;
    int status;
    ph_phase phase;
    ph_outcome outcome;
    const char *says;
};

static const struct step closes_at_once[] = {{STEP_END, NULL}};
static const struct step closes_after_greeting[] = {
    {STEP_SAY, "220 mx\r\n"}, {STEP_HEAR, "EHLO "}, {STEP_END, NULL}};
static const struct step closes_in_a_reply[] = {{STEP_SAY, "220 mx\r\n"},
                                                {STEP_HEAR, "EHLO "},
                                                {STEP_SAY, "250-mx\r\n250 SI"},
                                                {STEP_END, NULL}};
static const struct step closes_after_mail[] = {GREETED, {STEP_HEAR, "MAIL "}, {STEP_END, NULL}};
static const struct step closes_after_rcpt[] = {GREETED,
                                                {STEP_HEAR, "MAIL "},
                                                {STEP_SAY, "250 ok\r\n"},
                                                {STEP_HEAR, "RCPT "},
                                                {STEP_END, NULL}};
static const struct step closes_after_data[] = {GREETED,
                                                {STEP_HEAR, "MAIL "},
                                                {STEP_SAY, "250 ok\r\n"},
                                                {STEP_HEAR, "RCPT "},
                                                {STEP_SAY, "250 ok\r\n"},
                                                {STEP_HEAR, "DATA"},
                                                {STEP_END, NULL}};
static const struct step closes_after_content[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_END, NULL}};
static const struct step resets_after_content[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_RESET, NULL}};
static const struct step lies_after_content[] = {GREETED,
                                                 TO_CONTENT,
                                                 {STEP_HEAR_TO_DOT, NULL},
                                                 {STEP_SAY, "thanks!\r\n"},
                                                 {STEP_HEAR_TO_END, NULL},
                                                 {STEP_END, NULL}};
static const struct step mixes_codes[] = {GREETED,
                                          {STEP_HEAR, "MAIL "},
                                          {STEP_SAY, "250-fine\r\n550 not so fine\r\n"},
                                          {STEP_HEAR_TO_END, NULL},
                                          {STEP_END, NULL}};
static const struct step answers_twice[] = {GREETED,
                                            {STEP_HEAR, "MAIL "},
                                            {STEP_SAY, "250 ok\r\n250 ok\r\n"},
                                            {STEP_HEAR_TO_END, NULL},
                                            {STEP_END, NULL}};
static const struct step refuses_content[] = {GREETED,
                                              TO_CONTENT,
                                              {STEP_HEAR_TO_DOT, NULL},
                                              {STEP_SAY, "554 5.7.1 spam\r\n"},
                                              {STEP_HEAR_TO_END, NULL},
                                              {STEP_END, NULL}};

/* clang-format off */
static const struct row rows[] = {
    {"closes instead of greeting", closes_at_once, PH_ERR_CLOSED, PH_PHASE_GREETING, PH_OUTCOME_NOT_SENT, "instead of greeting"},
    {"closes after EHLO", closes_after_greeting, PH_ERR_CLOSED, PH_PHASE_EHLO, PH_OUTCOME_NOT_SENT, "closed the connection"},
    {"closes in a reply", closes_in_a_reply, PH_ERR_CLOSED, PH_PHASE_EHLO, PH_OUTCOME_NOT_SENT, "in the middle of a reply"},
    {"closes after MAIL", closes_after_mail, PH_ERR_CLOSED, PH_PHASE_MAIL, PH_OUTCOME_NOT_SENT, "closed"},
    {"closes after RCPT", closes_after_rcpt, PH_ERR_CLOSED, PH_PHASE_RCPT, PH_OUTCOME_NOT_SENT, "closed"},
    {"closes after DATA", closes_after_data, PH_ERR_CLOSED, PH_PHASE_DATA, PH_OUTCOME_NOT_SENT, "closed"},
    {"closes after the content", closes_after_content, PH_ERR_CLOSED, PH_PHASE_BODY, PH_OUTCOME_UNKNOWN, "may deliver it twice"},
    {"resets after the content", resets_after_content, PH_ERR_IO, PH_PHASE_BODY, PH_OUTCOME_UNKNOWN, "may deliver it twice"},
    {"answers the content with nonsense", lies_after_content, PH_ERR_PROTOCOL, PH_PHASE_BODY, PH_OUTCOME_UNKNOWN, "thanks!"},
    {"mixes codes", mixes_codes, PH_ERR_PROTOCOL, PH_PHASE_MAIL, PH_OUTCOME_NOT_SENT, "mixes codes"},
    {"answers twice", answers_twice, PH_ERR_PROTOCOL, PH_PHASE_RCPT, PH_OUTCOME_NOT_SENT, "nothing that was asked"},
    {"refuses the content", refuses_content, PH_ERR_FATAL, PH_PHASE_BODY, PH_OUTCOME_NOT_SENT, "refused the message: 554 5.7.1 spam"},
};
/* clang-format on */

static void check_row(const struct row *row)
{
    struct scripted_server *server = play(row->steps);
    ph_smtp *smtp = client_of(server);
    int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
    if (status == PH_OK)
        status = send_hello(smtp);
    const ph_error *error = ph_smtp_error(smtp);
    if (status != row->status || !error)
        fail_msg("%s: %s", row->note, ph_status_name(status));
    if (!strstr(error->message, row->says))
        fail_msg("%s: %s", row->note, error->message);
    if (error->phase != row->phase)
        fail_msg("%s: phase %s", row->note, ph_phase_name(error->phase));
    if (error->outcome != row->outcome)
        fail_msg("%s: outcome %s", row->note, ph_outcome_name(error->outcome));
    if (ph_smtp_result(smtp))
        CHECK(ph_result_outcome(ph_smtp_result(smtp)) == row->outcome, row->note);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
}

static void server__each_fault_has_its_status_and_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_row(&rows[i]);
}

/* The server's whole side of a session, cut after each of its bytes. */
static void server__closing_at_each_byte_never_claims_success(void **state)
{
    (void)state;
    static const char *const says[] = {"220 mx ready\r\n", "250-mx\r\n250 SIZE 9\r\n",
                                       "250 ok\r\n",       "250 ok\r\n",
                                       "354 go\r\n",       "250 2.0.0 queued\r\n"};
    enum {
        turns = 6
    };
    for (size_t turn = 0; turn < turns; turn++) {
        for (size_t cut = 0; cut < strlen(says[turn]); cut++) {
            char part[64];
            struct step steps[2 * turns + 2];
            size_t n = 0;
            for (size_t i = 0; i < turn; i++) {
                steps[n++] = (struct step){STEP_SAY, says[i]};
                steps[n++] = (struct step){i == 4 ? STEP_HEAR_TO_DOT : STEP_HEAR, ""};
            }
            memcpy(part, says[turn], cut);
            part[cut] = '\0';
            steps[n++] = (struct step){STEP_SAY, part};
            steps[n] = (struct step){STEP_END, NULL};
            struct scripted_server *server = play(steps);
            ph_smtp *smtp = client_of(server);
            int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
            if (status == PH_OK)
                status = send_hello(smtp);
            assert_int_not_equal(status, PH_OK);
            assert_int_equal(ph_smtp_error(smtp)->outcome,
                             turn == 5 ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_NOT_SENT);
            ph_smtp_free(smtp);
            (void)scripted_server_stop(server);
        }
    }
}

static void broken_session__can_only_fail_and_be_started_anew(void **state)
{
    (void)state;
    struct scripted_server *server = play(closes_after_mail);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(send_hello(smtp), PH_ERR_CLOSED);
    assert_true(ph_smtp_started(smtp));
    assert_int_equal(send_hello(smtp), PH_ERR_BROKEN);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, "closed the connection"));
    assert_int_equal(ph_result_outcome(ph_smtp_result(smtp)), PH_OUTCOME_NOT_SENT);
    assert_int_equal(ph_smtp_rset(smtp), PH_ERR_BROKEN);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    assert_false(ph_smtp_started(smtp));
    assert_int_equal(ph_smtp_finish(smtp), PH_ERR_STATE);
    assert_int_equal(ph_smtp_rset(smtp), PH_ERR_STATE);
    (void)scripted_server_stop(server);
    ph_smtp_free(smtp);
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void quit__a_bad_answer_is_told_and_no_failure(void **state)
{
    (void)state;
    static const struct step rude[] = {
        GREETED, {STEP_HEAR, "QUIT"}, {STEP_SAY, "500 what?\r\n"}, {STEP_END, NULL}};
    struct scripted_server *server = play(rude);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    assert_null(ph_smtp_error(smtp));
    assert_non_null(strstr(ph_smtp_notice(smtp), "QUIT did not end well"));
    assert_int_equal(ph_reply_code(ph_smtp_reply(smtp)), 500);
    assert_null(scripted_server_stop(server));
    ph_smtp_free(smtp);
}

static void unasked_421__is_told_as_the_servers_word(void **state)
{
    (void)state;
    static const struct step idle[] = {GREETED,
                                       {STEP_HEAR, "NOOP"},
                                       {STEP_SAY, "250 ok\r\n421 4.4.2 idle too long\r\n"},
                                       {STEP_HEAR_TO_END, NULL},
                                       {STEP_END, NULL}};
    struct scripted_server *server = play(idle);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    const int status = ph_smtp_noop(smtp);
    assert_true(status == PH_OK || status == PH_ERR_SERVER_BUSY);
    const int next = ph_smtp_noop(smtp);
    assert_true(next == PH_ERR_SERVER_BUSY || next == PH_ERR_BROKEN);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, "421 4.4.2 idle too long"));
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
}

/* What follows the final reply in the same packet must not make a failure of a success. */
static void final_reply__counts_whatever_follows_it(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        const char *told;
    } endings[] = {
        {"250 2.0.0 queued\r\n421 4.3.2 going down\r\n", "421 4.3.2 going down"},
        {"250 2.0.0 queued\r\n250 2.0.0 and again\r\n", "nothing that was asked"},
        {"250 2.0.0 queued\r\n25", "nothing that was asked"},
        {"250 2.0.0 queued\r\nnonsense\r\n", "nonsense"},
    };
    for (size_t i = 0; i < ROWS(endings); i++) {
        const struct step ends[] = {GREETED,
                                    TO_CONTENT,
                                    {STEP_HEAR_TO_DOT, NULL},
                                    {STEP_SAY, endings[i].said},
                                    {STEP_HEAR_TO_END, NULL},
                                    {STEP_END, NULL}};
        struct scripted_server *server = play(ends);
        ph_smtp *smtp = client_of(server);
        assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
        assert_int_equal(send_hello(smtp), PH_OK);
        assert_int_equal(ph_result_outcome(ph_smtp_result(smtp)), PH_OUTCOME_SENT);
        assert_null(ph_smtp_error(smtp));
        assert_int_equal(ph_smtp_noop(smtp), PH_ERR_BROKEN);
        if (!strstr(ph_smtp_error(smtp)->message, endings[i].told))
            fail_msg("%s", ph_smtp_error(smtp)->message);
        assert_int_equal(ph_smtp_finish(smtp), PH_OK);
        ph_smtp_free(smtp);
        (void)scripted_server_stop(server);
    }
}

int main(void)
{
    /* No call may raise SIGPIPE; if one does, the default action ends this program. */
    (void)signal(SIGPIPE, SIG_DFL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__each_fault_has_its_status_and_outcome),
        cmocka_unit_test(server__closing_at_each_byte_never_claims_success),
        cmocka_unit_test(broken_session__can_only_fail_and_be_started_anew),
        cmocka_unit_test(quit__a_bad_answer_is_told_and_no_failure),
        cmocka_unit_test(unasked_421__is_told_as_the_servers_word),
        cmocka_unit_test(final_reply__counts_whatever_follows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
