/* SPDX-License-Identifier: MIT */
#include "protocol/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/protocol/replies.h"

/* An envelope with recipients a@example.org, b@..., of memory that never fails. */
static void envelope_init_with(struct ph__envelope *envelope, int n_recipients)
{
    ph__envelope_init(envelope, ph__allocator_or_default(NULL));
    for (int i = 0; i < n_recipients; i++) {
        char mailbox[] = "?@example.org";
        mailbox[0] = (char)('a' + i);
        ph_address *address;
        assert_int_equal(ph_address_new(mailbox, NULL, &address), PH_OK);
        assert_int_equal(ph__envelope_add_recipient(envelope, address), PH_OK);
    }
}

static void new__nothing_is_sent_and_nobody_tried(void **state)
{
    (void)state;
    struct ph__envelope envelope;
    envelope_init_with(&envelope, 2);
    ph_result *result = ph__result_new(ph__allocator_or_default(NULL), &envelope);
    assert_non_null(result);
    ph__envelope_release(&envelope); /* the result has copies */
    assert_int_equal(ph_result_outcome(result), PH_OUTCOME_NOT_SENT);
    assert_null(ph_result_error(result));
    assert_null(ph_result_reply(result));
    assert_int_equal(ph_result_bytes(result), 0);
    assert_int_equal(ph_result_refused_count(result), 0);
    assert_int_equal(ph_result_recipient_count(result), 2);
    assert_string_equal(ph_result_recipient_mailbox(result, 0), "a@example.org");
    assert_string_equal(ph_result_recipient_mailbox(result, 1), "b@example.org");
    assert_int_equal(ph_result_recipient_state(result, 1), PH_RECIPIENT_NOT_TRIED);
    assert_null(ph_result_recipient_reply(result, 1));
    ph_result_free(result);
}

static void getters__beyond_the_last_recipient_there_is_none(void **state)
{
    (void)state;
    struct ph__envelope envelope;
    envelope_init_with(&envelope, 1);
    ph_result *results[] = {ph__result_new(ph__allocator_or_default(NULL), &envelope),
                            ph__result_new(ph__allocator_or_default(NULL), NULL)};
    static const size_t beyond[] = {1, 2, SIZE_MAX};
    for (size_t i = 0; i < 2 * ROWS(beyond); i++) {
        const ph_result *result = results[i / ROWS(beyond)];
        const size_t index = beyond[i % ROWS(beyond)];
        assert_null(ph_result_recipient_mailbox(result, index));
        assert_null(ph_result_recipient_reply(result, index));
        assert_int_equal(ph_result_recipient_state(result, index), PH_RECIPIENT_NOT_TRIED);
    }
    assert_int_equal(ph_result_recipient_count(results[1]), 0);
    ph_result_free(results[0]);
    ph_result_free(results[1]);
    ph_result_free(NULL);
    ph__envelope_release(&envelope);
}

static void note_recipient__class_of_the_reply_is_the_state(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        ph_recipient_state expected;
        const char *note;
    } rows[] = {
        {"250 2.1.5 ok\r\n", PH_RECIPIENT_ACCEPTED, "250"},
        {"251 will forward\r\n", PH_RECIPIENT_ACCEPTED, "251"},
        {"252 cannot say\r\n", PH_RECIPIENT_ACCEPTED, "252"},
        {"354 what\r\n", PH_RECIPIENT_REFUSED, "354 is no acceptance"},
        {"450 later\r\n", PH_RECIPIENT_REFUSED, "450"},
        {"550 5.1.1 no\r\n", PH_RECIPIENT_REFUSED, "550"},
    };
    struct ph__envelope envelope;
    envelope_init_with(&envelope, ROWS(rows));
    ph_result *result = ph__result_new(ph__allocator_or_default(NULL), &envelope);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ph__reply_buffer reply;
        reply_init_with(&reply, rows[i].reply);
        CHECK(ph__result_note_recipient(result, i, ph__reply_in(&reply)) == PH_OK, rows[i].note);
        CHECK(ph_result_recipient_state(result, i) == rows[i].expected, rows[i].note);
        CHECK(strcmp(ph_reply_text(ph_result_recipient_reply(result, i)),
                     ph_reply_text(ph__reply_in(&reply))) == 0,
              rows[i].note);
        ph__reply_release(&reply);
    }
    assert_int_equal(ph_result_refused_count(result), 3);
    ph_result_free(result);
    ph__envelope_release(&envelope);
}

static void note_reply__the_last_one_stays(void **state)
{
    (void)state;
    ph_result *result = ph__result_new(ph__allocator_or_default(NULL), NULL);
    static const char *const texts[] = {"450 later\r\n", "250 2.0.0 queued\r\n"};
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct ph__reply_buffer reply;
        reply_init_with(&reply, texts[i]);
        assert_int_equal(ph__result_note_reply(result, ph__reply_in(&reply)), PH_OK);
        ph__reply_release(&reply);
    }
    assert_string_equal(ph_reply_text(ph_result_reply(result)), "250 2.0.0 queued");
    ph_result_free(result);
}

static void note_error__is_copied_with_the_outcome(void **state)
{
    (void)state;
    struct ph__error error;
    ph__error_init(&error, ph__allocator_or_default(NULL));
    ph_result *result = ph__result_new(ph__allocator_or_default(NULL), NULL);
    result->outcome = PH_OUTCOME_UNKNOWN;
    (void)ph__error_set(&error, PH_ERR_CLOSED, PH_PHASE_BODY, "gone");
    ph__error_set_reply(&error, 421, "4.3.2", "421 4.3.2 bye");
    ph__result_note_error(result, &error);
    ph__error_release(&error);
    const ph_error *noted = ph_result_error(result);
    assert_non_null(noted);
    assert_int_equal(noted->status, PH_ERR_CLOSED);
    assert_int_equal(noted->phase, PH_PHASE_BODY);
    assert_int_equal(noted->outcome, PH_OUTCOME_UNKNOWN);
    assert_string_equal(noted->message, "gone");
    assert_string_equal(noted->reply_text, "421 4.3.2 bye");
    assert_string_equal(noted->enhanced_code, "4.3.2");
    ph_result_free(result);
}

static void new__each_allocation_may_fail(void **state)
{
    (void)state;
    struct ph__envelope envelope;
    envelope_init_with(&envelope, 2);
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct test_allocator test;
        test_allocator_init_failing(&test, n);
        ph_result *result = ph__result_new(&test.allocator, &envelope);
        has_failed = test.has_failed;
        assert_true(has_failed == !result);
        assert_true(has_failed || n == 2);
        ph_result_free(result);
        assert_int_equal(test.live_blocks, 0);
    }
    ph__envelope_release(&envelope);
}

static void new_lasting__outlives_the_allocator_it_was_given(void **state)
{
    (void)state;
    struct ph__envelope envelope;
    struct test_allocator test;
    envelope_init_with(&envelope, 1);
    test_allocator_init(&test);
    ph_allocator *of_client = malloc(sizeof *of_client);
    assert_non_null(of_client);
    *of_client = test.allocator;
    ph_result *result = ph__result_new_lasting(of_client, &envelope);
    assert_non_null(result);
    free(of_client);
    assert_int_equal(ph__result_reset(result, &envelope), PH_OK);
    assert_string_equal(ph_result_recipient_mailbox(result, 0), "a@example.org");
    ph_result_free(result);
    assert_int_equal(test.live_blocks, 0);
    test_allocator_init_failing(&test, 0);
    assert_null(ph__result_new_lasting(&test.allocator, &envelope));
    ph__envelope_release(&envelope);
}

static void reset__as_much_again_needs_no_memory(void **state)
{
    (void)state;
    struct ph__envelope envelope;
    struct ph__reply_buffer reply;
    struct test_allocator test;
    envelope_init_with(&envelope, 20);
    reply_init_with(&reply, "250 2.1.5 ok\r\n");
    test_allocator_init(&test);
    ph_result *result = ph__result_new(&test.allocator, NULL);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(ph__result_reset(result, &envelope), PH_OK);
        assert_int_equal(ph_result_refused_count(result), 0);
        assert_null(ph_result_reply(result));
        for (size_t i = 0; i < 20; i++) {
            assert_int_equal(ph_result_recipient_state(result, i), PH_RECIPIENT_NOT_TRIED);
            assert_null(ph_result_recipient_reply(result, i));
            assert_int_equal(ph__result_note_recipient(result, i, ph__reply_in(&reply)), PH_OK);
        }
        assert_int_equal(ph__result_note_reply(result, ph__reply_in(&reply)), PH_OK);
        assert_string_equal(ph_result_recipient_mailbox(result, 19), "t@example.org");
        assert_string_equal(ph_reply_text(ph_result_recipient_reply(result, 19)), "250 2.1.5 ok");
        test.fail_at = test.n_allocations;
        test.fails_from_there = true;
    }
    ph_result_free(result);
    assert_int_equal(test.live_blocks, 0);
    ph__reply_release(&reply);
    ph__envelope_release(&envelope);
}

static void notes__without_memory_states_are_kept_all_the_same(void **state)
{
    (void)state;
    struct ph__envelope envelope;
    envelope_init_with(&envelope, 2);
    struct ph__reply_buffer refusal;
    struct ph__reply_buffer success;
    reply_init_with(&refusal, "550 no\r\n");
    reply_init_with(&success, "250 ok\r\n");
    struct test_allocator test;
    test_allocator_init(&test);
    ph_result *result = ph__result_new(&test.allocator, &envelope);
    test.fail_at = test.n_allocations;
    test.fails_from_there = true;
    assert_int_equal(ph__result_note_recipient(result, 0, ph__reply_in(&refusal)),
                     PH_ERR_NO_MEMORY);
    assert_int_equal(ph__result_note_recipient(result, 1, ph__reply_in(&success)),
                     PH_ERR_NO_MEMORY);
    assert_int_equal(ph__result_note_reply(result, ph__reply_in(&success)), PH_ERR_NO_MEMORY);
    assert_int_equal(ph_result_recipient_state(result, 0), PH_RECIPIENT_REFUSED);
    assert_int_equal(ph_result_recipient_state(result, 1), PH_RECIPIENT_ACCEPTED);
    assert_int_equal(ph_result_refused_count(result), 1);
    assert_null(ph_result_recipient_reply(result, 0));
    assert_null(ph_result_reply(result));
    ph_result_free(result);
    assert_int_equal(test.live_blocks, 0);
    ph__reply_release(&refusal);
    ph__reply_release(&success);
    ph__envelope_release(&envelope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new__nothing_is_sent_and_nobody_tried),
        cmocka_unit_test(new__each_allocation_may_fail),
        cmocka_unit_test(new_lasting__outlives_the_allocator_it_was_given),
        cmocka_unit_test(reset__as_much_again_needs_no_memory),
        cmocka_unit_test(getters__beyond_the_last_recipient_there_is_none),
        cmocka_unit_test(note_recipient__class_of_the_reply_is_the_state),
        cmocka_unit_test(note_reply__the_last_one_stays),
        cmocka_unit_test(note_error__is_copied_with_the_outcome),
        cmocka_unit_test(notes__without_memory_states_are_kept_all_the_same),
    };
    return cmocka_run_group_tests_name("protocol/result", tests, NULL, NULL);
}
