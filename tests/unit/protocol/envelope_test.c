/* SPDX-License-Identifier: MIT */
#include "protocol/envelope.h"

#include <stdio.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

static ph_address *made(const ph_allocator *allocator, const char *mailbox)
{
    ph_address *address;
    assert_int_equal(ph_address_new(mailbox, allocator, &address), PH_OK);
    return address;
}

static void init__is_an_empty_envelope(void **state)
{
    (void)state;
    struct ph__envelope envelope;
    ph__envelope_init(&envelope, ph__allocator_or_default(NULL));
    assert_null(envelope.from);
    assert_int_equal(envelope.recipient_count, 0);
    assert_int_equal(envelope.policy, PH_RCPT_ALL);
    assert_int_equal(envelope.body_type, PH_BODY_UNDECLARED);
    assert_int_equal(envelope.smtputf8, PH_SMTPUTF8_REQUIRED);
    assert_false(ph__envelope_needs_smtputf8(&envelope));
    ph__envelope_release(&envelope);
}

static void add_recipient__keeps_order_and_duplicates(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__envelope envelope;
    ph__envelope_init(&envelope, &test.allocator);
    char mailbox[32];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(mailbox, sizeof mailbox, "user%d@example.org", i / 2);
        ph_address *address = made(&test.allocator, mailbox);
        assert_int_equal(ph__envelope_add_recipient(&envelope, address), PH_OK);
    }
    assert_int_equal(envelope.recipient_count, 100);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(mailbox, sizeof mailbox, "user%d@example.org", i / 2);
        assert_string_equal(ph_address_mailbox(envelope.recipients[i]), mailbox);
    }
    ph__envelope_release(&envelope);
    assert_int_equal(envelope.recipient_count, 0);
    ph__envelope_release(&envelope); /* once more does nothing */
    assert_int_equal(test.live_blocks, 0);
}

static void set_from__replaces_and_frees(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__envelope envelope;
    ph__envelope_init(&envelope, &test.allocator);
    ph__envelope_set_from(&envelope, made(&test.allocator, "a@b"));
    ph__envelope_set_from(&envelope, made(&test.allocator, "c@d"));
    assert_string_equal(ph_address_mailbox(envelope.from), "c@d");
    ph__envelope_set_from(&envelope, NULL);
    assert_int_equal(test.live_blocks, 0);
    ph__envelope_release(&envelope);
}

static void needs_smtputf8__if_any_address_does(void **state)
{
    (void)state;
    static const struct {
        const char *from, *first, *second;
        bool expected;
        const char *note;
    } rows[] = {
        {"a@b", "c@d", "e@f", false, "none"},
        {NULL, "c@d", "e@f", false, "the null sender"},
        {"\xc3\xa9@b", "c@d", "e@f", true, "the sender"},
        {NULL, "\xc3\xa9@d", "e@f", true, "the first recipient"},
        {"a@b", "c@d", "e@\xc3\xa9", true, "the last recipient"},
    };
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ph__envelope envelope;
        ph__envelope_init(&envelope, allocator);
        if (rows[i].from)
            ph__envelope_set_from(&envelope, made(allocator, rows[i].from));
        assert_int_equal(ph__envelope_add_recipient(&envelope, made(allocator, rows[i].first)),
                         PH_OK);
        assert_int_equal(ph__envelope_add_recipient(&envelope, made(allocator, rows[i].second)),
                         PH_OK);
        CHECK(ph__envelope_needs_smtputf8(&envelope) == rows[i].expected, rows[i].note);
        ph__envelope_release(&envelope);
    }
}

static void add_recipient__without_memory_leaves_the_address_to_the_caller(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__envelope envelope;
    ph__envelope_init(&envelope, &test.allocator);
    ph_address *address = made(NULL, "a@b");
    test.fail_at = test.n_allocations;
    assert_int_equal(ph__envelope_add_recipient(&envelope, address), PH_ERR_NO_MEMORY);
    assert_int_equal(envelope.recipient_count, 0);
    assert_string_equal(ph_address_mailbox(address), "a@b");
    assert_int_equal(ph__envelope_add_recipient(&envelope, address), PH_OK);
    assert_int_equal(envelope.recipient_count, 1);
    ph__envelope_release(&envelope);
    assert_int_equal(test.live_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init__is_an_empty_envelope),
        cmocka_unit_test(add_recipient__keeps_order_and_duplicates),
        cmocka_unit_test(add_recipient__without_memory_leaves_the_address_to_the_caller),
        cmocka_unit_test(set_from__replaces_and_frees),
        cmocka_unit_test(needs_smtputf8__if_any_address_does),
    };
    return cmocka_run_group_tests_name("protocol/envelope", tests, NULL, NULL);
}
