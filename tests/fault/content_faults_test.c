/* SPDX-License-Identifier: MIT */
/* What goes wrong while content is sent, on either side: no end may be written then. */
#include "fault/client_test.h"

#include <signal.h>
#include <stdlib.h>

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

int main(void)
{
    /* No call may raise SIGPIPE; if one does, the default action ends this program. */
    (void)signal(SIGPIPE, SIG_DFL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_refusal__is_told_although_the_pipe_breaks),
        cmocka_unit_test(failing_source__drops_the_connection_without_an_end),
        cmocka_unit_test(failing_writer__drops_the_connection_without_an_end),
        cmocka_unit_test(open_stream__finish_aborts_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
