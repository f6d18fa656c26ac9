/* SPDX-License-Identifier: MIT */
/*
 * The blocking client against one real server, which the tests start and stop: over plain text,
 * STARTTLS and TLS, with each mechanism, one recipient refused, and contents whose bytes are
 * compared with what arrived. What the server does not offer, its script does not name among its
 * features.
 */
#include "interop/large_content.h"
#include "interop/real_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/posthaste.h>

#include "unit/base/test.h"

/* ---- Sessions -------------------------------------------------------------------------------- */

enum mode {
    PLAIN,
    STARTTLS,
    TLS
};

static ph_smtp *new_client(enum mode mode)
{
    const int port = mode == TLS ? server_port + 1 : server_port;
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("127.0.0.1", port, NULL, &smtp), PH_OK);
    trust_server(ph_smtp_tls_config(smtp));
    if (mode == PLAIN)
        assert_int_equal(ph_smtp_disable_starttls(smtp), PH_OK);
    else
        assert_int_equal(mode == TLS ? ph_smtp_enable_tls(smtp) : ph_smtp_enable_starttls(smtp),
                         PH_OK);
    return smtp;
}

static void must(const ph_smtp *smtp, int status, const char *note)
{
    if (status != PH_OK)
        fail_msg("%s: %s", note,
                 ph_smtp_error(smtp) ? ph_smtp_error(smtp)->message : ph_status_text(status));
}

static ph_smtp *start(enum mode mode)
{
    ph_smtp *smtp = new_client(mode);
    must(smtp, ph_smtp_start(smtp, "client.example.test", NULL, NULL, NULL), "start");
    assert_int_equal(ph_smtp_tls_info(smtp) != NULL, mode != PLAIN);
    return smtp;
}

static void finish(ph_smtp *smtp)
{
    must(smtp, ph_smtp_finish(smtp), "finish");
    if (ph_smtp_notice(smtp) && strstr(ph_smtp_notice(smtp), "QUIT"))
        fail_msg("%s", ph_smtp_notice(smtp));
    ph_smtp_free(smtp);
}

static int send_to(ph_smtp *smtp, const void *content, size_t n, const char *const *to, size_t n_to,
                   ph_recipient_policy policy)
{
    ph_message *message;
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@client.test"), PH_OK);
    for (size_t i = 0; i < n_to; i++)
        assert_int_equal(ph_message_add_recipient(message, to[i]), PH_OK);
    assert_int_equal(ph_message_set_recipient_policy(message, policy), PH_OK);
    assert_int_equal(ph_message_set_content(message, content, n), PH_OK);
    const int status = ph_smtp_send(smtp, message);
    ph_message_free(message);
    return status;
}

static const char *const known[] = {"test@example.test", "other@example.test"};
static const char *const one_unknown[] = {"test@example.test", "nobody@example.test",
                                          "other@example.test"};

/* ---- Contents -------------------------------------------------------------------------------- */

struct content {
    const char *note;
    const char *sent;
    const char *arrives;
};

static const struct content contents[] = {
    {"LF line ends", "Subject: lf\n\none\ntwo\n", "Subject: lf\r\n\r\none\r\ntwo\r\n"},
    {"CRLF line ends", "Subject: crlf\r\n\r\none\r\ntwo\r\n",
     "Subject: crlf\r\n\r\none\r\ntwo\r\n"},
    {"lone CR and LF", "Subject: cr\r\rone\rtwo\nthree\r\nfour\n\r",
     "Subject: cr\r\n\r\none\r\ntwo\r\nthree\r\nfour\r\n\r\n"},
    {"leading dots", "Subject: dots\n\n.\n..\n.one\n...\n. \n",
     "Subject: dots\r\n\r\n.\r\n..\r\n.one\r\n...\r\n. \r\n"},
    {"a dot between lone line ends", "Subject: smuggling\n\nx\r.\ry\n.\nMAIL FROM:<e@e>\r.\r\nz\n",
     "Subject: smuggling\r\n\r\nx\r\n.\r\ny\r\n.\r\nMAIL FROM:<e@e>\r\n.\r\nz\r\n"},
    {"8-bit text",
     "Subject: 8bit\n\nGr\xc3\xbc\xc3\x9f"
     "e \xff\xfe\x80\n",
     "Subject: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f"
     "e \xff\xfe\x80\r\n"},
    {"no last line end", "Subject: unended\n\nlast", "Subject: unended\r\n\r\nlast\r\n"},
    {"a dot without line end", "Subject: dot\n\n.", "Subject: dot\r\n\r\n.\r\n"},
    {"no content", "", "\r\n"},
};

static void send_content(ph_smtp *smtp, const struct content *row)
{
    char sent[1024];
    char arrives[1024];
    const bool has_headers = *row->sent != '\0';
    if (!has_headers && has("adds-headers"))
        return; /* the server would not leave it empty */
    (void)snprintf(sent, sizeof sent, "%s%s", has_headers ? HEADERS : "", row->sent);
    (void)snprintf(arrives, sizeof arrives, "%s%s", has_headers ? HEADERS : "", row->arrives);
    must(smtp, send_to(smtp, sent, strlen(sent), known, 1, PH_RCPT_ALL), row->note);
    assert_int_equal(ph_result_outcome(ph_smtp_result(smtp)), PH_OUTCOME_SENT);
    assert_arrived(arrives, strlen(arrives), 1, row->note);
}

static void send_all_contents(enum mode mode)
{
    ph_smtp *smtp = start(mode);
    for (size_t i = 0; i < ROWS(contents); i++)
        send_content(smtp, &contents[i]);
    finish(smtp);
}

static void plain__each_content_arrives_byte_for_byte(void **state)
{
    (void)state;
    send_all_contents(PLAIN);
}

static void starttls__each_content_arrives_byte_for_byte(void **state)
{
    (void)state;
    if (has("tls"))
        send_all_contents(STARTTLS);
}

static void tls__each_content_arrives_byte_for_byte(void **state)
{
    (void)state;
    if (has("tls"))
        send_all_contents(TLS);
}

static void large_content__arrives_byte_for_byte(void **state)
{
    (void)state;
    char *content = large_content();
    ph_smtp *smtp = start(has("tls") ? STARTTLS : PLAIN);
    ph_smtp_set_read_timeout(smtp, 120000);
    must(smtp, send_to(smtp, content, large_size, known, 1, PH_RCPT_ALL), "64 MiB");
    assert_arrived(content, large_size, 1, "64 MiB");
    finish(smtp);
    free(content);
}

static int write_lines(ph_writer *writer, void *user_data)
{
    const int count = *(const int *)user_data;
    int status = ph_writer_puts(writer, HEADERS "Subject: stream\n");
    for (int i = 0; i < count && status == PH_OK; i++)
        status = ph_writer_printf(writer, "\n.%d", i);
    return status;
}

static void stream__arrives_byte_for_byte(void **state)
{
    (void)state;
    enum {
        count = 20000
    };
    int lines = count;
    static char expected[count * 10 + 256];
    size_t n = (size_t)snprintf(expected, sizeof expected, HEADERS "Subject: stream\r\n");
    for (int i = 0; i < count; i++)
        n += (size_t)snprintf(expected + n, sizeof expected - n, "\r\n.%d", i);
    n += (size_t)snprintf(expected + n, sizeof expected - n, "\r\n");
    ph_smtp *smtp = start(PLAIN);
    must(smtp, ph_smtp_open_message_stream(smtp, "a@client.test", known, 1, write_lines, &lines),
         "stream");
    assert_arrived(expected, n, 1, "stream");
    finish(smtp);
}

/* ---- Recipients ------------------------------------------------------------------------------ */

static const char greeting[] = HEADERS "Subject: several\n\nhello\n";
static const char greeting_arrives[] = HEADERS "Subject: several\r\n\r\nhello\r\n";

static void several_recipients__all_get_it(void **state)
{
    (void)state;
    ph_smtp *smtp = start(PLAIN);
    must(smtp, send_to(smtp, greeting, sizeof greeting - 1, known, 2, PH_RCPT_ALL), "two");
    assert_arrived(greeting_arrives, sizeof greeting_arrives - 1, 2, "two");
    finish(smtp);
}

static void one_refused__policy_all_delivers_to_nobody(void **state)
{
    (void)state;
    ph_smtp *smtp = start(PLAIN);
    const int status = send_to(smtp, greeting, sizeof greeting - 1, one_unknown, 3, PH_RCPT_ALL);
    assert_int_equal(status, PH_ERR_FATAL);
    assert_int_equal(ph_smtp_error(smtp)->phase, PH_PHASE_RCPT);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, "<nobody@example.test>"));
    const ph_result *result = ph_smtp_result(smtp);
    assert_int_equal(ph_result_outcome(result), PH_OUTCOME_NOT_SENT);
    assert_int_equal(ph_result_recipient_state(result, 0), PH_RECIPIENT_ACCEPTED);
    assert_int_equal(ph_result_recipient_state(result, 1), PH_RECIPIENT_REFUSED);
    assert_int_equal(ph_reply_code(ph_result_recipient_reply(result, 1)), 550);
    assert_nothing_arrived();
    /* The session is as good as new. */
    must(smtp, send_to(smtp, greeting, sizeof greeting - 1, known, 1, PH_RCPT_ALL), "after it");
    assert_arrived(greeting_arrives, sizeof greeting_arrives - 1, 1, "after it");
    finish(smtp);
}

static void one_refused__policy_any_delivers_to_the_others(void **state)
{
    (void)state;
    ph_smtp *smtp = start(PLAIN);
    must(smtp, send_to(smtp, greeting, sizeof greeting - 1, one_unknown, 3, PH_RCPT_ANY), "any");
    assert_int_equal(ph_result_refused_count(ph_smtp_result(smtp)), 1);
    assert_arrived(greeting_arrives, sizeof greeting_arrives - 1, 2, "any");
    finish(smtp);
}

static void all_refused__policy_any_is_a_refusal(void **state)
{
    (void)state;
    ph_smtp *smtp = start(PLAIN);
    assert_int_equal(send_to(smtp, greeting, sizeof greeting - 1, one_unknown + 1, 1, PH_RCPT_ANY),
                     PH_ERR_FATAL);
    assert_int_equal(ph_smtp_error(smtp)->phase, PH_PHASE_RCPT);
    must(smtp, ph_smtp_noop(smtp), "after it");
    assert_nothing_arrived();
    finish(smtp);
}

static void international_recipient__needs_smtputf8(void **state)
{
    (void)state;
    static const char *const to[] = {"\xc3\xbcser@example.test"};
    ph_smtp *smtp = start(PLAIN);
    const int status = send_to(smtp, greeting, sizeof greeting - 1, to, 1, PH_RCPT_ALL);
    if (has("smtputf8")) {
        must(smtp, status, "SMTPUTF8");
        assert_arrived(greeting_arrives, sizeof greeting_arrives - 1, 1, "SMTPUTF8");
    } else {
        assert_int_equal(status, PH_ERR_UNSUPPORTED);
    }
    finish(smtp);
}

/* ---- AUTH ------------------------------------------------------------------------------------ */

static void log_in(enum mode mode, const char *mechanism)
{
    ph_smtp *smtp = new_client(mode);
    must(smtp, ph_smtp_start(smtp, NULL, "test", "secret", mechanism), mechanism);
    must(smtp, send_to(smtp, greeting, sizeof greeting - 1, known, 1, PH_RCPT_ALL), mechanism);
    assert_arrived(greeting_arrives, sizeof greeting_arrives - 1, 1, mechanism);
    finish(smtp);

    smtp = new_client(mode);
    assert_int_equal(ph_smtp_start(smtp, NULL, "test", "wrong", mechanism), PH_ERR_AUTHENTICATION);
    assert_int_equal(ph_smtp_error(smtp)->phase, PH_PHASE_AUTH);
    assert_int_equal(ph_smtp_error(smtp)->reply_code, 535);
    assert_false(ph_smtp_started(smtp));
    ph_smtp_free(smtp);
}

static void auth__each_mechanism_good_and_bad(void **state)
{
    (void)state;
    static const char *const mechanisms[][2] = {
        {"plain", "PLAIN"}, {"login", "LOGIN"}, {"cram-md5", "CRAM-MD5"}};
    for (size_t i = 0; i < ROWS(mechanisms); i++) {
        if (!has(mechanisms[i][0]))
            continue;
        if (has("auth-in-clear"))
            log_in(PLAIN, mechanisms[i][1]); /* loopback: nobody is on the way */
        if (has("tls")) {
            log_in(STARTTLS, mechanisms[i][1]);
            log_in(TLS, mechanisms[i][1]);
        }
    }
    if (has("plain"))
        log_in(has("tls") ? STARTTLS : PLAIN, "auto");
}

/* ---- Single commands ------------------------------------------------------------------------- */

static void single_commands__do_what_their_names_say(void **state)
{
    (void)state;
    ph_smtp *smtp = start(PLAIN);
    must(smtp, ph_smtp_noop(smtp), "NOOP");
    must(smtp, ph_smtp_mailfrom(smtp, "<a@client.test>"), "MAIL");
    must(smtp, ph_smtp_rcptto(smtp, "test@example.test"), "RCPT");
    must(smtp, ph_smtp_rset(smtp), "RSET");
    must(smtp, ph_smtp_mailfrom(smtp, NULL), "MAIL FROM:<>");
    must(smtp, ph_smtp_rcptto_list(smtp, known, 2), "RCPT list");
    must(smtp, ph_smtp_data(smtp, greeting, sizeof greeting - 1), "DATA");
    assert_arrived(greeting_arrives, sizeof greeting_arrives - 1, 2, "single commands");
    assert_int_equal(ph_smtp_command(smtp, "XYZZY"), PH_OK);
    assert_int_equal(ph_reply_error_class(ph_smtp_reply(smtp)), PH_ERR_SYNTAX);
    assert_int_equal(ph_smtp_mailfrom(smtp, "a@client.test"), PH_OK);
    assert_int_equal(ph_smtp_rcptto_list(smtp, one_unknown, 3), PH_ERR_FATAL);
    must(smtp, ph_smtp_mailfrom(smtp, "a@client.test"), "MAIL after a refused list");
    finish(smtp);
}

static void capabilities__are_as_the_server_is_known_to_offer(void **state)
{
    (void)state;
    static const char *const words[][2] = {{"pipelining", "PIPELINING"},
                                           {"chunking", "CHUNKING"},
                                           {"smtputf8", "SMTPUTF8"},
                                           {"8bitmime", "8BITMIME"},
                                           {"dsn", "DSN"},
                                           {"size", "SIZE"},
                                           {"tls", "STARTTLS"},
                                           {"enhanced-codes", "ENHANCEDSTATUSCODES"}};
    ph_smtp *smtp = start(PLAIN);
    for (size_t i = 0; i < ROWS(words); i++)
        CHECK(ph_smtp_capable(smtp, words[i][1]) == has(words[i][0]), words[i][1]);
    finish(smtp);
}

int main(int argc, char **argv)
{
    if (!take_arguments(argc, argv))
        return 64;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capabilities__are_as_the_server_is_known_to_offer),
        cmocka_unit_test(plain__each_content_arrives_byte_for_byte),
        cmocka_unit_test(starttls__each_content_arrives_byte_for_byte),
        cmocka_unit_test(tls__each_content_arrives_byte_for_byte),
        cmocka_unit_test(stream__arrives_byte_for_byte),
        cmocka_unit_test(several_recipients__all_get_it),
        cmocka_unit_test(one_refused__policy_all_delivers_to_nobody),
        cmocka_unit_test(one_refused__policy_any_delivers_to_the_others),
        cmocka_unit_test(all_refused__policy_any_is_a_refusal),
        cmocka_unit_test(international_recipient__needs_smtputf8),
        cmocka_unit_test(auth__each_mechanism_good_and_bad),
        cmocka_unit_test(single_commands__do_what_their_names_say),
        cmocka_unit_test(large_content__arrives_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
