/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/base/test.h"
#include "unit/cli/folder.h"

static const struct envelope_options of_header = {.from = NULL};
static const char message[] = "From: a@x.org\nTo: b@x.org\nBcc: c@x.org\n\nhi\n";
static const char sent[] = "From: a@x.org\nTo: b@x.org\n\nhi\n";

static struct source *open_maildir(void **state)
{
    struct source *source;
    struct problem problem;
    const struct source_options given = {.path = *state, .envelope = &of_header};
    const ph_error *error = source_open(&given, &source, &problem);
    if (error)
        fail_msg("%s", error->message);
    return source;
}

static struct item *next_of(struct source *source)
{
    struct item *item;
    struct problem problem;
    return source_next(source, &item, &problem) == SOURCE_ITEM ? item : NULL;
}

static void make(void **state)
{
    folder_write(state, "new/.keep", "");
    folder_write(state, "cur/.keep", "");
    folder_write(state, "tmp/9.M1.host", message);
}

static void new_and_cur__in_the_order_of_their_names(void **state)
{
    static const char *const expected[] = {"cur/1.M1.host:2,S", "new/2.M1.host",
                                           "cur/3.M1 x%.host:2,"};
    static const char *const identities[] = {"1.M1.host", "2.M1.host", "3.M1%20x%25.host"};
    make(state);
    for (size_t i = 0; i < ROWS(expected); i++)
        folder_write(state, expected[i], message);
    struct source *source = open_maildir(state);
    assert_int_equal(source->total, 3);
    assert_true(source->counts_messages);
    for (size_t i = 0; i < ROWS(expected); i++) {
        struct item *item = next_of(source);
        assert_non_null(item);
        assert_string_equal(item->where, expected[i]);
        assert_string_equal(item->identity, identities[i]);
        assert_null(item->fault);
        assert_int_equal(ph_message_recipient_count(item->message), 2);
        assert_content(item, sent);
        item_free(item);
    }
    assert_null(next_of(source));
    source_free(source);
}

static void moved_by_a_reader__is_found_and_not_given_twice(void **state)
{
    make(state);
    folder_write(state, "new/1.M1.host", message);
    folder_write(state, "new/2.M1.host", message);
    folder_write(state, "cur/2.M1.host:2,S", message); /* as if it was listed in both places */
    struct source *source = open_maildir(state);
    assert_int_equal(source->total, 2);
    assert_int_equal(
        rename(folder_path(state, "new/1.M1.host"), folder_path(state, "cur/1.M1.host:2,RS")), 0);
    struct item *item = next_of(source);
    assert_non_null(item);
    assert_null(item->fault);
    assert_content(item, sent);
    item_free(item);
    item = next_of(source);
    assert_string_equal(item->identity, "2.M1.host");
    item_free(item);
    assert_null(next_of(source));
    source_free(source);
}

static void a_file_that_is_gone__concerns_itself_alone(void **state)
{
    make(state);
    folder_write(state, "new/1.M1.host", message);
    folder_write(state, "new/2.M1.host", message);
    struct source *source = open_maildir(state);
    assert_int_equal(unlink(folder_path(state, "new/1.M1.host")), 0);
    struct item *item = next_of(source);
    assert_non_null(item->fault);
    assert_int_equal(item->fault->error.status, PH_ERR_SOURCE);
    assert_non_null(strstr(item->fault->text, "No such file"));
    item_free(item);
    item = next_of(source);
    assert_null(item->fault);
    item_free(item);
    source_free(source);
}

static void what_is_no_maildir__is_refused(void **state)
{
    struct source *source;
    struct problem problem;
    const struct source_options given = {.path = *state, .envelope = &of_header};
    folder_write(state, "new/1.M1.host", message);
    assert_non_null(source_open(&given, &source, &problem));
    assert_non_null(strstr(problem.text, "cannot be read as a Maildir"));
}

static void an_empty_one__has_no_message(void **state)
{
    make(state);
    struct source *source = open_maildir(state);
    assert_int_equal(source->total, 0);
    assert_null(next_of(source));
    source_free(source);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(new_and_cur__in_the_order_of_their_names),
        IN_FOLDER(moved_by_a_reader__is_found_and_not_given_twice),
        IN_FOLDER(a_file_that_is_gone__concerns_itself_alone),
        IN_FOLDER(what_is_no_maildir__is_refused),
        IN_FOLDER(an_empty_one__has_no_message),
    };
    return cmocka_run_group_tests_name("maildir", tests, NULL, NULL);
}
