/* SPDX-License-Identifier: MIT */
/* The linker puts __wrap_opendir below what lists folders (CMakeLists.txt). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/base/test.h"
#include "unit/cli/folder.h"

static const struct envelope_options of_header = {.from = NULL};
static const char message[] = "From: a@x.org\nTo: b@x.org\nBcc: c@x.org\n\nhi\n";
static const char sent[] = "From: a@x.org\nTo: b@x.org\n\nhi\n";

DIR *__wrap_opendir(const char *path);
DIR *__real_opendir(const char *path);

static unsigned listings; /* of folders, since a test began to count */

DIR *__wrap_opendir(const char *path)
{
    listings++;
    return __real_opendir(path);
}

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
    assert_string_equal(item->identity, "2.M1.host");
    item_free(item);
    item = next_of(source);
    assert_non_null(item);
    assert_string_equal(item->where, "cur/1.M1.host:2,RS");
    assert_string_equal(item->identity, "1.M1.host");
    assert_null(item->fault);
    assert_content(item, sent);
    item_free(item);
    assert_null(next_of(source));
    source_free(source);
}

/* Moves message @p number, as a program does that shows it for the first time. */
static void move(void **state, int number)
{
    char from[32];
    char to[32];
    (void)snprintf(from, sizeof from, "new/%03d.M1.host", number);
    (void)snprintf(to, sizeof to, "cur/%03d.M1.host:2,S", number);
    assert_int_equal(rename(folder_path(state, from), folder_path(state, to)), 0);
}

static void make_many(void **state, int count)
{
    char name[32];
    make(state);
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "new/%03d.M1.host", i);
        folder_write(state, name, message);
    }
}

static void many_that_are_moved__are_all_found_by_few_listings(void **state)
{
    enum {
        count = 400,
        given_before = 5
    };
    bool is_given[count] = {false};
    make_many(state, count);
    struct source *source = open_maildir(state);
    listings = 0;
    for (int given = 0; given < count; given++) {
        for (int i = given_before; given == given_before && i < count; i++) {
            if (i % 10 != 0)
                move(state, i);
        }
        struct item *item = next_of(source);
        assert_non_null(item);
        assert_null(item->fault);
        assert_content(item, sent);
        const unsigned long number = strtoul(item->identity, NULL, 10);
        assert_in_range(number, 0, count - 1);
        assert_false(is_given[number]);
        is_given[number] = true;
        item_free(item);
    }
    assert_null(next_of(source));
    assert_int_equal(listings, 2); /* new and cur, once each */
    source_free(source);
}

static void many_that_are_gone__are_searched_by_few_listings(void **state)
{
    enum {
        count = 100
    };
    char name[32];
    make_many(state, count);
    struct source *source = open_maildir(state);
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "new/%03d.M1.host", i);
        assert_int_equal(unlink(folder_path(state, name)), 0);
    }
    listings = 0;
    for (int i = 0; i < count; i++) {
        struct item *item = next_of(source);
        assert_non_null(item->fault);
        item_free(item);
    }
    assert_null(next_of(source));
    assert_in_range(listings, 2, 6);
    source_free(source);
}

static void moved_again_after_the_search__is_found_by_another(void **state)
{
    make(state);
    folder_write(state, "new/000.M1.host", message);
    folder_write(state, "new/001.M1.host", message);
    folder_write(state, "new/002.M1.host", message);
    struct source *source = open_maildir(state);
    move(state, 0);
    move(state, 1);
    item_free(next_of(source)); /* 2, where it was */
    item_free(next_of(source)); /* 0, found by a search */
    assert_int_equal(rename(folder_path(state, "cur/001.M1.host:2,S"),
                            folder_path(state, "cur/001.M1.host:2,RS")),
                     0);
    struct item *item = next_of(source);
    assert_non_null(item);
    assert_null(item->fault);
    assert_string_equal(item->where, "cur/001.M1.host:2,RS");
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
    assert_null(item->fault);
    item_free(item);
    item = next_of(source);
    assert_non_null(item->fault);
    assert_int_equal(item->fault->error.status, PH_ERR_SOURCE);
    assert_non_null(strstr(item->fault->text, "No such file"));
    item_free(item);
    assert_null(next_of(source));
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
        IN_FOLDER(many_that_are_moved__are_all_found_by_few_listings),
        IN_FOLDER(many_that_are_gone__are_searched_by_few_listings),
        IN_FOLDER(moved_again_after_the_search__is_found_by_another),
        IN_FOLDER(a_file_that_is_gone__concerns_itself_alone),
        IN_FOLDER(what_is_no_maildir__is_refused),
        IN_FOLDER(an_empty_one__has_no_message),
    };
    return cmocka_run_group_tests_name("maildir", tests, NULL, NULL);
}
