/* SPDX-License-Identifier: MIT */
/* Servers that are silent, drip or take nothing, and the limit that ends the wait for each. */
#include "fault/client_test.h"

#include <stdlib.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_timeout__a_silent_server_is_given_up),
        cmocka_unit_test(read_timeout__silence_after_the_content_leaves_the_outcome_unknown),
        cmocka_unit_test(open_timeout__a_silent_handshake_is_given_up),
        cmocka_unit_test(reply_timeout__a_dripping_server_is_given_up),
        cmocka_unit_test(write_timeout__a_server_that_takes_nothing_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
