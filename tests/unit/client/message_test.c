/* SPDX-License-Identifier: MIT */
/* Envelopes and sources as the setters leave them. What of content arrives, content_test.c says. */
#include <posthaste/message.h>

#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

static ph_message *new_message(struct test_allocator *test)
{
    ph_message *message;
    test_allocator_init(test);
    assert_int_equal(ph_message_new(&test->allocator, &message), PH_OK);
    return message;
}

static void free_message(struct test_allocator *test, ph_message *message)
{
    ph_message_free(message);
    assert_int_equal(test->live_blocks, 0);
}

static const char *from_of(const ph_message *message)
{
    return message->envelope.from ? ph_address_mailbox(message->envelope.from) : "";
}

static const char *recipient_of(const ph_message *message, size_t index)
{
    return ph_address_mailbox(message->envelope.recipients[index]);
}

/* ---- Envelopes ------------------------------------------------------------------------------- */

static void new__is_an_empty_message_of_nobody(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_message *message = new_message(&test);
    assert_string_equal(from_of(message), "");
    assert_int_equal(ph_message_recipient_count(message), 0);
    assert_int_equal(message->envelope.policy, PH_RCPT_ALL);
    assert_int_equal(message->envelope.body_type, PH_BODY_UNDECLARED);
    assert_int_equal(message->envelope.smtputf8, PH_SMTPUTF8_REQUIRED);
    assert_int_equal(message->source.kind, PH__SOURCE_MEMORY);
    assert_int_equal(message->source.memory.length, 0);
    free_message(&test, message);
    ph_message_free(NULL);
}

static void from__is_replaced_only_by_a_mailbox(void **state)
{
    (void)state;
    static const char *const refused[] = {"a b@example.org", "a@example.org\r\nRCPT TO:<b@c>",
                                          "<a@example.org", "@"};
    struct test_allocator test;
    ph_message *message = new_message(&test);
    assert_int_equal(ph_message_set_from(message, "a@example.org"), PH_OK);
    for (size_t i = 0; i < ROWS(refused); i++) {
        CHECK(ph_message_set_from(message, refused[i]) == PH_ERR_ARGUMENT, refused[i]);
        CHECK(strcmp(from_of(message), "a@example.org") == 0, refused[i]);
    }
    assert_int_equal(ph_message_set_from(message, "<b@example.org>"), PH_OK);
    assert_string_equal(from_of(message), "b@example.org");
    assert_int_equal(ph_message_set_from(message, ""), PH_OK);
    assert_string_equal(from_of(message), "");
    assert_int_equal(ph_message_set_from(message, "c@example.org"), PH_OK);
    assert_int_equal(ph_message_set_from(message, NULL), PH_OK);
    assert_string_equal(from_of(message), "");
    free_message(&test, message);
}

static void recipients__are_kept_in_order_and_checked(void **state)
{
    (void)state;
    static const char *const refused[] = {NULL, "", "<>", "b@example.org,c@example.org",
                                          "b@example.org\n"};
    struct test_allocator test;
    ph_message *message = new_message(&test);
    char mailbox[32];
    for (size_t i = 0; i < 100; i++) {
        (void)snprintf(mailbox, sizeof mailbox, "r%zu@example.org", i);
        assert_int_equal(ph_message_add_recipient(message, mailbox), PH_OK);
    }
    for (size_t i = 0; i < ROWS(refused); i++)
        CHECK(ph_message_add_recipient(message, refused[i]) == PH_ERR_ARGUMENT,
              refused[i] ? refused[i] : "NULL");
    assert_int_equal(ph_message_recipient_count(message), 100);
    assert_string_equal(recipient_of(message, 0), "r0@example.org");
    assert_string_equal(recipient_of(message, 99), "r99@example.org");
    free_message(&test, message);
}

static void recipients__may_be_removed(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_message *message = new_message(&test);
    assert_int_equal(ph_message_remove_recipient(message, 0), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_add_recipient(message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "c@example.org"), PH_OK);
    assert_int_equal(ph_message_remove_recipient(message, 3), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_remove_recipient(message, 1), PH_OK);
    assert_int_equal(ph_message_recipient_count(message), 2);
    assert_string_equal(ph_message_recipient_mailbox(message, 0), "a@example.org");
    assert_string_equal(ph_message_recipient_mailbox(message, 1), "c@example.org");
    assert_null(ph_message_recipient_mailbox(message, 2));
    assert_int_equal(ph_message_remove_recipient(message, 1), PH_OK);
    assert_int_equal(ph_message_remove_recipient(message, 0), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "d@example.org"), PH_OK);
    assert_string_equal(ph_message_recipient_mailbox(message, 0), "d@example.org");
    free_message(&test, message);
}

static void addresses__are_copied(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_message *message = new_message(&test);
    ph_address *address;
    assert_int_equal(ph_address_new("a@example.org", &test.allocator, &address), PH_OK);
    assert_int_equal(ph_message_set_from_address(message, address), PH_OK);
    assert_int_equal(ph_message_add_recipient_address(message, address), PH_OK);
    assert_int_equal(ph_message_add_recipient_address(message, address), PH_OK);
    ph_address_free(address);
    assert_string_equal(from_of(message), "a@example.org");
    assert_int_equal(ph_message_recipient_count(message), 2);
    assert_string_equal(recipient_of(message, 1), "a@example.org");
    /* The null sender is nobody to send to. */
    assert_int_equal(ph_address_new("", &test.allocator, &address), PH_OK);
    assert_int_equal(ph_message_add_recipient_address(message, address), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_recipient_count(message), 2);
    ph_address_free(address);
    free_message(&test, message);
}

static void choices__are_taken_if_they_are_some(void **state)
{
    (void)state;
    static const int numbers[] = {-1, 3, 7, INT32_MAX};
    struct test_allocator test;
    ph_message *message = new_message(&test);
    assert_int_equal(ph_message_set_recipient_policy(message, PH_RCPT_ANY), PH_OK);
    assert_int_equal(ph_message_set_body_type(message, PH_BODY_8BITMIME), PH_OK);
    assert_int_equal(ph_message_set_smtputf8(message, PH_SMTPUTF8_RAW), PH_OK);
    for (size_t i = 0; i < ROWS(numbers); i++) {
        assert_int_equal(ph_message_set_recipient_policy(message, (ph_recipient_policy)numbers[i]),
                         PH_ERR_ARGUMENT);
        assert_int_equal(ph_message_set_body_type(message, (ph_body_type)numbers[i]),
                         PH_ERR_ARGUMENT);
        assert_int_equal(ph_message_set_smtputf8(message, (ph_smtputf8)numbers[i]),
                         PH_ERR_ARGUMENT);
    }
    assert_int_equal(message->envelope.policy, PH_RCPT_ANY);
    assert_int_equal(message->envelope.body_type, PH_BODY_8BITMIME);
    assert_int_equal(message->envelope.smtputf8, PH_SMTPUTF8_RAW);
    free_message(&test, message);
}

/* ---- Content --------------------------------------------------------------------------------- */

static int read_nothing(void *buffer, size_t size, size_t *length, void *user_data)
{
    (void)buffer;
    (void)size;
    (void)user_data;
    *length = 0;
    return 0;
}

static void content__is_what_was_set_last(void **state)
{
    (void)state;
    static const char text[] = "hello";
    struct test_allocator test;
    ph_message *message = new_message(&test);
    assert_int_equal(ph_message_set_content(message, text, 5), PH_OK);
    assert_ptr_equal(message->source.memory.bytes, text); /* borrowed */
    assert_int_equal(message->source.memory.length, 5);
    assert_int_equal(ph_message_set_content_fd(message, 0), PH_OK);
    assert_int_equal(message->source.kind, PH__SOURCE_FD);
    assert_int_equal(message->source.fd, 0);
    assert_int_equal(ph_message_set_content_file(message, stdin), PH_OK);
    assert_int_equal(message->source.kind, PH__SOURCE_FILE);
    assert_int_equal(ph_message_set_content_callback(message, read_nothing, &test), PH_OK);
    assert_int_equal(message->source.kind, PH__SOURCE_CALLBACK);
    assert_ptr_equal(message->source.user_data, &test);
    free_message(&test, message);
}

static void content__that_is_none_changes_nothing(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_message *message = new_message(&test);
    assert_int_equal(ph_message_set_content(message, "hello", 5), PH_OK);
    assert_int_equal(ph_message_set_content(message, NULL, 1), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_content_fd(message, -1), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_content_file(message, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_content_callback(message, NULL, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_message_set_rewind(message, NULL), PH_ERR_STATE); /* from no callback */
    assert_int_equal(message->source.kind, PH__SOURCE_MEMORY);
    assert_int_equal(message->source.memory.length, 5);
    assert_int_equal(ph_message_set_content(message, NULL, 0), PH_OK);
    assert_int_equal(message->source.memory.length, 0);
    free_message(&test, message);
}

/* ---- Without memory -------------------------------------------------------------------------- */

static int build(const ph_allocator *allocator, const ph_address *address, ph_message **message)
{
    int status = ph_message_new(allocator, message);
    if (status == PH_OK)
        status = ph_message_set_from(*message, "a@example.org");
    for (int i = 0; i < 20 && status == PH_OK; i++)
        status = ph_message_add_recipient(*message, "b@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient_address(*message, address);
    if (status == PH_OK)
        status = ph_message_set_from_address(*message, address);
    return status;
}

static void memory__each_allocation_may_fail(void **state)
{
    (void)state;
    bool has_failed = true;
    int at = 0;
    for (; has_failed; at++) {
        struct test_allocator test;
        ph_message *message;
        ph_address *address;
        test_allocator_init(&test);
        assert_int_equal(ph_address_new("c@example.org", &test.allocator, &address), PH_OK);
        test.fail_at = test.n_allocations + at;
        const int status = build(&test.allocator, address, &message);
        has_failed = test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        ph_message_free(message);
        ph_address_free(address);
        assert_int_equal(test.live_blocks, 0);
    }
    assert_true(at > 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new__is_an_empty_message_of_nobody),
        cmocka_unit_test(from__is_replaced_only_by_a_mailbox),
        cmocka_unit_test(recipients__are_kept_in_order_and_checked),
        cmocka_unit_test(recipients__may_be_removed),
        cmocka_unit_test(addresses__are_copied),
        cmocka_unit_test(choices__are_taken_if_they_are_some),
        cmocka_unit_test(content__is_what_was_set_last),
        cmocka_unit_test(content__that_is_none_changes_nothing),
        cmocka_unit_test(memory__each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
