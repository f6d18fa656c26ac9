/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

/* A record with its allocator, made and released by each test's fixture. */
struct fixture {
    struct test_allocator test;
    struct ph__error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = malloc(sizeof *fixture);
    if (!fixture)
        return -1;
    test_allocator_init(&fixture->test);
    ph__error_init(&fixture->error, &fixture->test.allocator);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    ph__error_release(&fixture->error);
    const size_t live_blocks = fixture->test.live_blocks;
    free(fixture);
    return live_blocks == 0 ? 0 : -1;
}

static char *repeated(const char *text, size_t times)
{
    const size_t length = strlen(text);
    char *all = malloc(length * times + 1);
    assert_non_null(all);
    for (size_t i = 0; i < times; i++)
        memcpy(all + i * length, text, length);
    all[length * times] = '\0';
    return all;
}

/* It has no reply, no command and no reason of the system. */
static void assert_nothing_is_added(const struct ph__error *error)
{
    assert_int_equal(error->view->reply_code, 0);
    assert_null(error->view->enhanced_code);
    assert_null(error->view->reply_text);
    assert_null(error->view->command);
    assert_int_equal(error->view->system_errno, 0);
    assert_int_equal(error->view->outcome, PH_OUTCOME_NOT_SENT);
}

static void assert_nothing_failed(const struct ph__error *error)
{
    assert_false(ph__error_is_set(error));
    assert_int_equal(error->view->status, PH_OK);
    assert_int_equal(error->view->phase, PH_PHASE_NONE);
    assert_nothing_is_added(error);
    assert_string_equal(error->view->message, "");
}

static void init__says_that_nothing_failed(void **state)
{
    struct fixture *fixture = *state;
    assert_nothing_failed(&fixture->error);
    assert_int_equal(fixture->test.n_allocations, 0);
}

static void set__keeps_status_phase_and_sentence(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    assert_int_equal(ph__error_set(error, PH_ERR_IO, PH_PHASE_CONNECT, "%s port %d: no route",
                                   "mail.example.org", 25),
                     PH_ERR_IO);
    assert_true(ph__error_is_set(error));
    assert_int_equal(error->view->status, PH_ERR_IO);
    assert_int_equal(error->view->phase, PH_PHASE_CONNECT);
    assert_string_equal(error->view->message, "mail.example.org port 25: no route");
}

static void set__replaces_everything_of_the_failure_before(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    (void)ph__error_set(error, PH_ERR_FATAL, PH_PHASE_RCPT, "refused");
    ph__error_set_reply(error, 550, "5.1.1", "no such user");
    ph__error_set_command(error, "RCPT TO:<b@example.org>");
    ph__error_add_errno(error, 5);
    ph__error_set_outcome(error, PH_OUTCOME_UNKNOWN);
    (void)ph__error_set(error, PH_ERR_STATE, PH_PHASE_MAIL, "not started");
    assert_int_equal(error->view->status, PH_ERR_STATE);
    assert_nothing_is_added(error);
}

static void set__old_sentence_may_be_an_argument(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    (void)ph__error_set(error, PH_ERR_IO, PH_PHASE_CONNECT, "refused");
    (void)ph__error_set(error, PH_ERR_IO, PH_PHASE_CONNECT, "::1: %s", error->view->message);
    assert_string_equal(error->view->message, "::1: refused");
}

static void set__long_sentence_is_cut_at_a_character(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    char *euros = repeated("\xe2\x82\xac", 500);
    static const char *const indents[] = {"", "a", "ab"};
    for (size_t i = 0; i < ROWS(indents); i++) {
        (void)ph__error_set(error, PH_ERR_FATAL, PH_PHASE_MAIL, "%s%s", indents[i], euros);
        const size_t length = strlen(error->view->message);
        CHECK(length > ph__error_message_size - 4 && length < ph__error_message_size, indents[i]);
        CHECK(ph__utf8_is_valid((const uint8_t *)error->view->message, length), indents[i]);
    }
    free(euros);
}

static void add__appends_and_is_cut_at_a_character(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    (void)ph__error_set(error, PH_ERR_TLS, PH_PHASE_TLS, "handshake failed");
    ph__error_add(error, "; try port %d", 465);
    assert_string_equal(error->view->message, "handshake failed; try port 465");
    char *euros = repeated("\xe2\x82\xac", 500);
    ph__error_add(error, "%s", euros);
    ph__error_add(error, "%s", "b");
    const size_t length = strlen(error->view->message);
    assert_in_range(length, ph__error_message_size - 4, ph__error_message_size - 1);
    assert_true(ph__utf8_is_valid((const uint8_t *)error->view->message, length));
    free(euros);
}

static void add_errno__says_what_it_means_and_keeps_the_number(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    char expected[ph__error_message_size];
    (void)ph__error_set(error, PH_ERR_IO, PH_PHASE_CONNECT, "nothing there");
    ph__error_add_errno(error, 0);
    assert_string_equal(error->view->message, "nothing there");
    assert_int_equal(error->view->system_errno, 0);
    (void)snprintf(expected, sizeof expected, "nothing there: %s", strerror(ECONNREFUSED));
    ph__error_add_errno(error, ECONNREFUSED);
    assert_string_equal(error->view->message, expected);
    assert_int_equal(error->view->system_errno, ECONNREFUSED);
}

static void record__takes_memory_once(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    ph__error_set_reply(error, 550, "5.1.1", "no such user\nreally\x1b[2J");
    assert_int_equal(error->view->reply_code, 550);
    assert_string_equal(error->view->enhanced_code, "5.1.1");
    assert_string_equal(error->view->reply_text, "no such user\nreally\\x1b[2J");
    ph__error_clear(error);
    (void)ph__error_set(error, PH_ERR_FATAL, PH_PHASE_MAIL, "refused");
    ph__error_set_command(error, "MAIL FROM:<>");
    assert_int_equal(fixture->test.n_allocations, 1);
}

static void record__without_memory_says_what_the_status_says(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__error error;
    struct ph__error copy;
    test_allocator_init_failing(&test, 0);
    test.fails_from_there = true;
    ph__error_init(&error, &test.allocator);
    ph__error_init(&copy, &test.allocator);
    assert_int_equal(ph__error_set(&error, PH_ERR_FATAL, PH_PHASE_RCPT, "refused"), PH_ERR_FATAL);
    ph__error_add(&error, "; and more");
    ph__error_set_reply(&error, 550, "5.1.1", "no such user");
    ph__error_set_command(&error, "RCPT TO:<b@example.org>");
    ph__error_copy(&copy, &error);
    assert_int_equal(copy.view->status, PH_ERR_FATAL);
    assert_string_equal(error.view->message, ph_status_text(PH_ERR_FATAL));
    assert_string_equal(copy.view->message, ph_status_text(PH_ERR_FATAL));
    assert_null(copy.view->reply_text);
    assert_null(copy.view->command);
    ph__error_release(&copy);
    ph__error_release(&error);
}

static void record__without_memory_keeps_status_and_outcome(void **state)
{
    (void)state;
    static const ph_outcome outcomes[] = {PH_OUTCOME_UNKNOWN, PH_OUTCOME_SENT, PH_OUTCOME_NOT_SENT};
    struct test_allocator test;
    struct ph__error error;
    struct ph__error copy;
    test_allocator_init_failing(&test, 0);
    test.fails_from_there = true;
    ph__error_init(&error, &test.allocator);
    ph__error_init(&copy, &test.allocator);
    for (size_t i = 0; i < ROWS(outcomes); i++) {
        (void)ph__error_set(&error, PH_ERR_CLOSED, PH_PHASE_BODY, "gone");
        ph__error_set_outcome(&error, outcomes[i]);
        ph__error_set_phase(&error, PH_PHASE_QUIT); /* there is no place for these */
        ph__error_add_errno(&error, 5);
        ph__error_copy(&copy, &error);
        assert_int_equal(copy.view->status, PH_ERR_CLOSED);
        assert_int_equal(copy.view->outcome, outcomes[i]);
        ph__error_set_status(&copy, PH_ERR_BROKEN);
        assert_int_equal(copy.view->outcome, outcomes[i]);
        assert_string_equal(copy.view->message, ph_status_text(PH_ERR_BROKEN));
    }
    ph__error_clear(&error);
    assert_nothing_failed(&error);
    ph__error_copy(&copy, &error);
    assert_nothing_failed(&copy);
    assert_int_equal(test.live_blocks, 0);
}

static void record__memory_that_comes_later_is_used(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__error error;
    test_allocator_init_failing(&test, 0);
    ph__error_init(&error, &test.allocator);
    (void)ph__error_set(&error, PH_ERR_FATAL, PH_PHASE_RCPT, "refused");
    ph__error_set_reply(&error, 550, "5.1.1", "no such user");
    ph__error_add(&error, "; and more");
    assert_int_equal(error.view->status, PH_ERR_FATAL);
    assert_string_equal(error.view->message, ph_status_text(PH_ERR_FATAL));
    assert_string_equal(error.view->reply_text, "no such user");
    ph__error_release(&error);
    assert_int_equal(test.live_blocks, 0);
}

static void set_reply__no_enhanced_code_is_null(void **state)
{
    struct fixture *fixture = *state;
    ph__error_set_reply(&fixture->error, 421, NULL, "");
    assert_null(fixture->error.view->enhanced_code);
    assert_string_equal(fixture->error.view->reply_text, "");
}

static void set_reply__later_reply_without_code_forgets_the_earlier_code(void **state)
{
    struct fixture *fixture = *state;
    ph__error_set_reply(&fixture->error, 550, "5.1.1", "no");
    ph__error_set_reply(&fixture->error, 421, NULL, "bye");
    assert_null(fixture->error.view->enhanced_code);
}

static void set_reply__every_length_is_whole(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    for (size_t n = 0; n < 600; n++) {
        char *text = repeated("x", n);
        ph__error_set_reply(error, 554, NULL, text);
        assert_string_equal(error->view->reply_text, text);
        free(text);
    }
}

static void set_reply__long_text_of_control_bytes_is_whole(void **state)
{
    struct fixture *fixture = *state;
    char *text = repeated("\x01", 5000);
    char *escaped = repeated("\\x01", 5000);
    ph__error_set_reply(&fixture->error, 554, NULL, text);
    assert_string_equal(fixture->error.view->reply_text, escaped);
    free(escaped);
    free(text);
}

static void set_reply__no_memory_cuts_the_text(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 1);
    struct ph__error error;
    ph__error_init(&error, &test.allocator);
    char *text = repeated("abcdefghij", 100);
    ph__error_set_reply(&error, 554, NULL, text);
    assert_true(test.has_failed);
    assert_int_equal(strlen(error.view->reply_text), ph__error_reply_size - 1);
    assert_memory_equal(error.view->reply_text, text, ph__error_reply_size - 1);
    ph__error_release(&error);
    free(text);
}

static void set_reply__text_beyond_the_maximum_is_cut(void **state)
{
    struct fixture *fixture = *state;
    char *text = repeated("x", ph__error_reply_max);
    ph__error_set_reply(&fixture->error, 554, NULL, text);
    assert_int_equal(strlen(fixture->error.view->reply_text), ph__error_reply_size - 1);
    free(text);
}

static void set_command__is_escaped_and_cut(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *error = &fixture->error;
    ph__error_set_command(error, "RCPT TO:<b@example.org>\r\x7f");
    assert_string_equal(error->view->command, "RCPT TO:<b@example.org>\\r\\x7f");
    char *text = repeated("x", 2 * ph__error_command_size);
    ph__error_set_command(error, text);
    assert_int_equal(strlen(error->view->command), ph__error_command_size - 1);
    free(text);
}

static void copy__leads_into_itself(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error *from = &fixture->error;
    (void)ph__error_set(from, PH_ERR_FATAL, PH_PHASE_RCPT, "refused");
    ph__error_set_reply(from, 550, "5.1.1", "no such user");
    ph__error_set_command(from, "RCPT TO:<b@example.org>");
    ph__error_add_errno(from, 7);
    ph__error_set_outcome(from, PH_OUTCOME_UNKNOWN);
    struct ph__error to;
    ph__error_init(&to, &fixture->test.allocator);
    char sentence[ph__error_message_size];
    memcpy(sentence, from->view->message, strlen(from->view->message) + 1);
    ph__error_copy(&to, from);
    ph__error_clear(from);
    assert_int_equal(to.view->status, PH_ERR_FATAL);
    assert_int_equal(to.view->phase, PH_PHASE_RCPT);
    assert_int_equal(to.view->reply_code, 550);
    assert_string_equal(to.view->message, sentence);
    assert_string_equal(to.view->enhanced_code, "5.1.1");
    assert_string_equal(to.view->reply_text, "no such user");
    assert_string_equal(to.view->command, "RCPT TO:<b@example.org>");
    assert_int_equal(to.view->system_errno, 7);
    assert_int_equal(to.view->outcome, PH_OUTCOME_UNKNOWN);
    ph__error_release(&to);
}

static void copy__nothing_is_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct ph__error to;
    ph__error_init(&to, &fixture->test.allocator);
    (void)ph__error_set(&to, PH_ERR_IO, PH_PHASE_MAIL, "before");
    ph__error_set_reply(&to, 550, "5.1.1", "no such user");
    ph__error_copy(&to, &fixture->error);
    assert_nothing_failed(&to);
    ph__error_release(&to);
}

static void copy__long_reply_is_whole(void **state)
{
    struct fixture *fixture = *state;
    char *text = repeated("abcdefghij", 100);
    ph__error_set_reply(&fixture->error, 554, NULL, text);
    struct ph__error to;
    ph__error_init(&to, &fixture->test.allocator);
    ph__error_copy(&to, &fixture->error);
    ph__error_clear(&fixture->error);
    assert_string_equal(to.view->reply_text, text);
    ph__error_release(&to);
    free(text);
}

static void copy__long_reply_without_memory_is_cut(void **state)
{
    struct fixture *fixture = *state;
    char *text = repeated("abcdefghij", 100);
    ph__error_set_reply(&fixture->error, 554, NULL, text);
    fixture->test.fail_at = fixture->test.n_allocations + 1;
    struct ph__error to;
    ph__error_init(&to, &fixture->test.allocator);
    ph__error_copy(&to, &fixture->error);
    assert_true(fixture->test.has_failed);
    assert_int_equal(strlen(to.view->reply_text), ph__error_reply_size - 1);
    ph__error_release(&to);
    free(text);
}

static void copy__short_reply_behind_a_long_one_is_the_short_one(void **state)
{
    struct fixture *fixture = *state;
    char *text = repeated("abcdefghij", 100);
    ph__error_set_reply(&fixture->error, 554, NULL, text);
    ph__error_set_reply(&fixture->error, 421, NULL, "bye");
    struct ph__error to;
    ph__error_init(&to, &fixture->test.allocator);
    ph__error_copy(&to, &fixture->error);
    assert_string_equal(to.view->reply_text, "bye");
    ph__error_release(&to);
    free(text);
}

#define WITH_RECORD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RECORD(init__says_that_nothing_failed),
        WITH_RECORD(set__keeps_status_phase_and_sentence),
        WITH_RECORD(set__replaces_everything_of_the_failure_before),
        WITH_RECORD(set__old_sentence_may_be_an_argument),
        WITH_RECORD(set__long_sentence_is_cut_at_a_character),
        WITH_RECORD(add__appends_and_is_cut_at_a_character),
        WITH_RECORD(add_errno__says_what_it_means_and_keeps_the_number),
        WITH_RECORD(record__takes_memory_once),
        cmocka_unit_test(record__without_memory_says_what_the_status_says),
        cmocka_unit_test(record__without_memory_keeps_status_and_outcome),
        cmocka_unit_test(record__memory_that_comes_later_is_used),
        WITH_RECORD(set_reply__no_enhanced_code_is_null),
        WITH_RECORD(set_reply__later_reply_without_code_forgets_the_earlier_code),
        WITH_RECORD(set_reply__every_length_is_whole),
        WITH_RECORD(set_reply__long_text_of_control_bytes_is_whole),
        cmocka_unit_test(set_reply__no_memory_cuts_the_text),
        WITH_RECORD(set_reply__text_beyond_the_maximum_is_cut),
        WITH_RECORD(set_command__is_escaped_and_cut),
        WITH_RECORD(copy__leads_into_itself),
        WITH_RECORD(copy__nothing_is_nothing),
        WITH_RECORD(copy__long_reply_is_whole),
        WITH_RECORD(copy__long_reply_without_memory_is_cut),
        WITH_RECORD(copy__short_reply_behind_a_long_one_is_the_short_one),
    };
    return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
