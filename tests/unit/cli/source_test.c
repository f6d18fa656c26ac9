/* SPDX-License-Identifier: MIT */
/* What a source is taken for: by --format, or by its looks. */
#include "cli/bulk/source.h"

#include <string.h>
#include <sys/stat.h>

#include "unit/base/test.h"
#include "unit/cli/folder.h"

static const struct envelope_options none = {.from = NULL};

/* @return what the source was opened as; the sentence on why not if it was not */
static const char *kind_of(void **state, const char *name, enum source_format format)
{
    static struct problem problem;
    struct source *source;
    const struct source_options options = {
        .format = (int)format, .path = folder_path(state, name), .envelope = &none};
    const ph_error *error = source_open(&options, &source, &problem);
    if (error)
        return error->message;
    const char *found = source->kind->name;
    source_free(source);
    return found;
}

static void make_sources(void **state)
{
    folder_write(state, "lines", "{}\n");
    folder_write(state, "box", "From a@x.org Thu Jan  1 00:00:00 1970\n\n>From b\n");
    folder_write(state, "mail", "From: a@x.org\n\nhi\n");
    folder_write(state, "empty", "");
    assert_int_equal(mkdir(folder_path(state, "new"), 0700), 0);
    assert_int_equal(mkdir(folder_path(state, "cur"), 0700), 0);
}

static void auto__looks(void **state)
{
    make_sources(state);
    assert_string_equal(kind_of(state, "lines", FORMAT_AUTO), "ndjson");
    assert_string_equal(kind_of(state, "box", FORMAT_AUTO), "mbox");
    assert_string_equal(kind_of(state, "mail", FORMAT_AUTO), "ndjson"); /* "From:" is no "From " */
    assert_string_equal(kind_of(state, "empty", FORMAT_AUTO), "ndjson");
    assert_string_equal(kind_of(state, ".", FORMAT_AUTO), "maildir");
    assert_non_null(strstr(kind_of(state, "none", FORMAT_AUTO), "No such file"));
}

static void a_format_that_is_given__is_believed(void **state)
{
    make_sources(state);
    assert_string_equal(kind_of(state, "box", FORMAT_NDJSON), "ndjson");
    assert_string_equal(kind_of(state, "lines", FORMAT_MBOX), "mbox");
    assert_string_equal(kind_of(state, ".", FORMAT_MAILDIR), "maildir");
    assert_non_null(strstr(kind_of(state, "lines", FORMAT_MAILDIR), "Not a directory"));
    assert_non_null(strstr(kind_of(state, ".", FORMAT_MBOX), "Is a directory"));
    assert_non_null(strstr(kind_of(state, ".", FORMAT_NDJSON), "Is a directory"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(auto__looks),
        IN_FOLDER(a_format_that_is_given__is_believed),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
