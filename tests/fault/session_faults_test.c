/* SPDX-License-Identifier: MIT */
/*
 * Servers that close, reset, stall or lie, seen through the blocking client: which status, in which
 * phase, and above all what is said of the message.
 */
#include "fault/client_test.h"

#include <signal.h>
#include <stdlib.h>

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

/* ---- Time ------------------------------------------------------------------------------------ */

static void read_timeout__a_silent_server_is_given_up(void **state)
{
    (void)state;
    static const struct step stalls[] = {
        GREETED, {STEP_HEAR, "NOOP"}, {STEP_STALL, NULL}, {STEP_END, NULL}};
    struct scripted_server *server = play(stalls);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    ph_smtp_set_read_timeout(smtp, 50); /* acts on the running session */
    assert_int_equal(ph_smtp_noop(smtp), PH_ERR_READ_TIMEOUT);
    assert_int_equal(ph_smtp_error(smtp)->phase, PH_PHASE_NOOP);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, "gave up after 0.05 s"));
    assert_int_equal(ph_smtp_noop(smtp), PH_ERR_BROKEN); /* a late reply could be another's */
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
}

static void read_timeout__silence_after_the_content_leaves_the_outcome_unknown(void **state)
{
    (void)state;
    static const struct step stalls[] = {
        GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_STALL, NULL}, {STEP_END, NULL}};
    struct scripted_server *server = play(stalls);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    ph_smtp_set_read_timeout(smtp, 50);
    assert_int_equal(send_hello(smtp), PH_ERR_READ_TIMEOUT);
    assert_int_equal(ph_smtp_error(smtp)->outcome, PH_OUTCOME_UNKNOWN);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
}

static void open_timeout__a_silent_handshake_is_given_up(void **state)
{
    (void)state;
    static const struct step stalls[] = {{STEP_STALL, NULL}, {STEP_END, NULL}};
    struct scripted_server *server = play(stalls);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_enable_tls(smtp), PH_OK);
    ph_smtp_set_open_timeout(smtp, 50);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_ERR_OPEN_TIMEOUT);
    assert_int_equal(ph_smtp_error(smtp)->phase, PH_PHASE_TLS);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
}

static void reply_timeout__a_dripping_server_is_given_up(void **state)
{
    (void)state;
    static struct step drips[4096] = {GREETED, {STEP_HEAR, "NOOP"}};
    for (size_t i = 4; i + 1 < ROWS(drips); i++)
        drips[i] = (struct step){STEP_SAY, "250-x\r\n"};
    struct scripted_server *server = play(drips);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    ph_smtp_set_reply_timeout(smtp, 100);
    const int status = ph_smtp_noop(smtp);
    /* However fast it drips: by time, or by the limit of lines. */
    assert_true(status == PH_ERR_READ_TIMEOUT || status == PH_ERR_PROTOCOL);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
}

static void write_timeout__a_server_that_takes_nothing_is_given_up(void **state)
{
    (void)state;
    /* One line of content is read, then nothing: the buffers fill. */
    static const struct step stuck[] = {
        GREETED, TO_CONTENT, {STEP_SLEEP, "1000"}, {STEP_END, NULL}};
    enum {
        size = 64 << 20
    };
    char *content = calloc(1, size);
    assert_non_null(content);
    struct scripted_server *server = play(stuck);
    ph_smtp *smtp = client_of(server);
    const char *const to[] = {"b@example.org"};
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    ph_smtp_set_write_timeout(smtp, 100);
    assert_int_equal(ph_smtp_send_message(smtp, content, size, "a@example.org", to, 1),
                     PH_ERR_WRITE_TIMEOUT);
    assert_int_equal(ph_smtp_error(smtp)->outcome, PH_OUTCOME_NOT_SENT);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
    free(content);
}

/* ---- While content is sent ------------------------------------------------------------------- */

/* The server refuses in mid content and closes: its words count, not the broken pipe. */
static void early_refusal__is_told_although_the_pipe_breaks(void **state)
{
    (void)state;
    static const struct step refuses[] = {GREETED,           TO_CONTENT,
                                          {STEP_HEAR, ""},   {STEP_SAY, "552 5.3.4 too large\r\n"},
                                          {STEP_SHUT, NULL}, {STEP_SLEEP, "200"},
                                          {STEP_END, NULL}};
    enum {
        size = 32 << 20
    };
    char *content = malloc(size);
    assert_non_null(content);
    memset(content, '\n', size);
    struct scripted_server *server = play(refuses);
    ph_smtp *smtp = client_of(server);
    const char *const to[] = {"b@example.org"};
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_send_message(smtp, content, size, "a@example.org", to, 1),
                     PH_ERR_FATAL);
    assert_int_equal(ph_smtp_error(smtp)->reply_code, 552);
    assert_int_equal(ph_smtp_error(smtp)->outcome, PH_OUTCOME_NOT_SENT);
    assert_string_equal(ph_smtp_error(smtp)->enhanced_code, "5.3.4");
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
    free(content);
}

static int fail_midway(void *buffer, size_t size, size_t *length, void *user_data)
{
    int *calls = user_data;
    if ((*calls)++ > 3)
        return 1;
    memset(buffer, 'x', size);
    *length = size;
    return 0;
}

static const struct step takes_content[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};

/* Nothing that the server heard may look like an end. */
static void assert_no_end_was_heard(void)
{
    const char *content = strstr(scripted_server_heard(), "DATA\n");
    assert_non_null(content);
    assert_null(strstr(content, "\n.\n"));
    assert_null(strstr(content, "QUIT"));
}

static void failing_source__drops_the_connection_without_an_end(void **state)
{
    (void)state;
    struct scripted_server *server = play(takes_content);
    ph_smtp *smtp = client_of(server);
    ph_message *message;
    int calls = 0;
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    assert_int_equal(ph_message_set_content_callback(message, fail_midway, &calls), PH_OK);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_send(smtp, message), PH_ERR_SOURCE);
    assert_int_equal(ph_smtp_error(smtp)->outcome, PH_OUTCOME_NOT_SENT);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, "its callback failed"));
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    assert_null(scripted_server_stop(server));
    assert_no_end_was_heard();
    ph_message_free(message);
    ph_smtp_free(smtp);
}

static int give_up_writing(ph_writer *writer, void *user_data)
{
    (void)user_data;
    assert_int_equal(ph_writer_puts(writer, "Subject: half"), PH_OK);
    return 1;
}

static void failing_writer__drops_the_connection_without_an_end(void **state)
{
    (void)state;
    struct scripted_server *server = play(takes_content);
    ph_smtp *smtp = client_of(server);
    const char *const to[] = {"b@example.org"};
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(
        ph_smtp_open_message_stream(smtp, "a@example.org", to, 1, give_up_writing, NULL),
        PH_ERR_SOURCE);
    assert_non_null(ph_smtp_error(smtp));
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    assert_null(scripted_server_stop(server));
    assert_no_end_was_heard();
    ph_smtp_free(smtp);
}

static void open_stream__finish_aborts_the_message(void **state)
{
    (void)state;
    struct scripted_server *server = play(takes_content);
    ph_smtp *smtp = client_of(server);
    ph_message *envelope;
    ph_writer *writer;
    assert_int_equal(ph_message_new(NULL, &envelope), PH_OK);
    assert_int_equal(ph_message_set_from(envelope, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(envelope, "b@example.org"), PH_OK);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_begin_message(smtp, envelope, &writer), PH_OK);
    assert_int_equal(ph_writer_print(writer, "half a li"), PH_OK);
    assert_int_equal(ph_smtp_rset(smtp), PH_ERR_STATE); /* would be content */
    assert_int_equal(ph_writer_print(writer, "ne\r\n"), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    assert_int_equal(ph_smtp_end_message(smtp), PH_ERR_STATE);
    assert_null(scripted_server_stop(server));
    assert_no_end_was_heard();
    ph_message_free(envelope);
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
        cmocka_unit_test(read_timeout__a_silent_server_is_given_up),
        cmocka_unit_test(read_timeout__silence_after_the_content_leaves_the_outcome_unknown),
        cmocka_unit_test(open_timeout__a_silent_handshake_is_given_up),
        cmocka_unit_test(reply_timeout__a_dripping_server_is_given_up),
        cmocka_unit_test(write_timeout__a_server_that_takes_nothing_is_given_up),
        cmocka_unit_test(early_refusal__is_told_although_the_pipe_breaks),
        cmocka_unit_test(failing_source__drops_the_connection_without_an_end),
        cmocka_unit_test(failing_writer__drops_the_connection_without_an_end),
        cmocka_unit_test(open_stream__finish_aborts_the_message),
        cmocka_unit_test(quit__a_bad_answer_is_told_and_no_failure),
        cmocka_unit_test(unasked_421__is_told_as_the_servers_word),
        cmocka_unit_test(final_reply__counts_whatever_follows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
