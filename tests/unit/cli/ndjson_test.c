/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "unit/base/test.h"
#include "unit/cli/folder.h"

static const struct envelope_options none = {.from = NULL};

static struct source *open_lines(void **state, const char *text,
                                 const struct envelope_options *options)
{
    struct source *source;
    struct problem problem;
    folder_write(state, "list", text);
    const struct source_options given = {.path = folder_path(state, "list"), .envelope = options};
    assert_null(source_open(&given, &source, &problem));
    return source;
}

static void lines_are_messages(void **state)
{
    struct item *item;
    struct problem problem;
    struct source *source = open_lines(
        state,
        "{\"from\": \"a@x.org\", \"to\": \"b@x.org\", \"body\": \"hi\\nj\\u00f6\"}\n"
        "\n"
        "{\"from\": \"\", \"to\": [\"b@x.org\", {\"address\": \"c@x.org\", \"parameters\": "
        "{\"NOTIFY\": \"NEVER\"}}], \"parameters\": {\"RET\": \"HDRS\", \"SIZE\": 12, "
        "\"SMTPUTF8\": true}, \"body\": \"\"}",
        &none);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_null(item->fault);
    assert_string_equal(item->where, "line 1");
    assert_content(item, "hi\nj\xc3\xb6");
    assert_int_equal(ph_message_recipient_count(item->message), 1);
    item_free(item);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_null(item->fault);
    assert_string_equal(item->where, "line 3");
    assert_content(item, "");
    assert_int_equal(ph_message_recipient_count(item->message), 2);
    item_free(item);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_END);
    source_free(source);
}

static void a_byte_order_mark__is_passed_over_at_the_beginning(void **state)
{
    struct item *item;
    struct problem problem;
    struct source *source =
        open_lines(state,
                   "\xef\xbb\xbf{\"from\": \"a@x.org\", \"to\": \"b@x.org\", \"body\": \"\"}\r\n"
                   "\xef\xbb\xbf{\"from\": \"a@x.org\", \"to\": \"b@x.org\", \"body\": \"\"}\r\n",
                   &none);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_null(item->fault);
    item_free(item);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_FAILED);
    assert_non_null(strstr(problem.text, "line 2: it is not JSON"));
    source_free(source);
}

static void a_path__is_a_file_as_it_is(void **state)
{
    char line[700];
    struct item *item;
    struct problem problem;
    folder_write(state, "m.eml", "Bcc: x@x.org\n\n>From here\n");
    (void)snprintf(line, sizeof line,
                   "{\"from\": \"a@x.org\", \"to\": \"b@x.org\", \"path\": \"%s\"}\n"
                   "{\"from\": \"a@x.org\", \"to\": \"b@x.org\", \"path\": \"%s.none\"}\n",
                   folder_path(state, "m.eml"), folder_path(state, "m.eml"));
    struct source *source = open_lines(state, line, &none);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_content(item, "Bcc: x@x.org\n\n>From here\n");
    item_free(item);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_non_null(item->fault);
    assert_non_null(strstr(item->fault->text, "No such file"));
    item_free(item);
    source_free(source);
}

static void options_give_what_lines_lack(void **state)
{
    static const char *to[] = {"x@x.org", "y@x.org"};
    const struct envelope_options both = {.from = "s@x.org", .to = {.items = to, .count = 2}};
    struct item *item;
    struct problem problem;
    struct source *source =
        open_lines(state, "{\"body\": \"\"}\n{\"to\": \"b@x.org\", \"body\": \"\"}\n", &both);
    for (size_t count = 2; count > 0; count--) {
        assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
        assert_null(item->fault);
        assert_int_equal(ph_message_recipient_count(item->message), count);
        item_free(item);
    }
    source_free(source);
}

static void an_address_that_is_none__concerns_its_message_alone(void **state)
{
    static const struct {
        const char *line, *word;
    } rows[] = {
        {"{\"from\": \"a b\", \"to\": \"b@x.org\", \"body\": \"\"}", "from: \"a b\""},
        {"{\"from\": \"a@x.org\", \"to\": \"\", \"body\": \"\"}", "to: \"\""},
        {"{\"from\": \"a@x.org\", \"to\": [\"b@x.org\", \"c\\r\\nd\"], \"body\": \"\"}", "to: "},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct item *item;
        struct problem problem;
        struct source *source = open_lines(state, rows[i].line, &none);
        CHECK(source_next(source, &item, &problem) == SOURCE_ITEM, rows[i].line);
        CHECK(item->fault && strstr(item->fault->text, rows[i].word), rows[i].line);
        item_free(item);
        source_free(source);
    }
}

static void what_is_wrong__names_line_and_field(void **state)
{
    static const struct {
        const char *line, *words[2];
    } rows[] = {
        {"{\"from\": \"a@x.org\",", {"it ends within an object", "jq -c"}},
        {"[{\"from\": \"a@x.org\",", {"it ends within an array", "jq -c '.[]'"}},
        {"{\"from\": a", {"not JSON", "column"}},
        {"[1]", {"no object", ""}},
        {"\"x\"", {"no object", ""}},
        {"{\"form\": \"a@x.org\"}", {"\"form\" is not known", "(did you mean \"from\"?);"}},
        {"{\"from\": \"a\", \"from\": \"b\"}", {"not JSON", "duplicate"}},
        {"{\"from\": 1, \"to\": \"b\", \"body\": \"\"}", {"\"from\"", "string"}},
        {"{\"to\": \"b\", \"body\": \"\"}", {"\"from\" is missing", "--from"}},
        {"{\"from\": \"a\", \"body\": \"\"}", {"\"to\" is missing", "--to"}},
        {"{\"from\": \"a\", \"to\": [], \"body\": \"\"}", {"\"to\" is empty", ""}},
        {"{\"from\": \"a\", \"to\": 5, \"body\": \"\"}", {"\"to\" must be", ""}},
        {"{\"from\": \"a\", \"to\": [{\"adress\": \"b\"}], \"body\": \"\"}",
         {"\"to\" must be", ""}},
        {"{\"from\": \"a\", \"to\": {\"address\": \"b\", \"x\": 1}, \"body\": \"\"}",
         {"\"x\"", ""}},
        {"{\"from\": \"a\", \"to\": \"b\"}", {"\"body\"", "\"path\""}},
        {"{\"from\": \"a\", \"to\": \"b\", \"body\": \"\", \"path\": \"\"}", {"not both", ""}},
        {"{\"from\": \"a\", \"to\": \"b\", \"body\": 5}", {"\"body\"", "string"}},
        {"{\"from\": \"a\", \"to\": \"b\", \"path\": [1]}", {"\"path\"", "string"}},
        {"{\"from\": \"a\", \"to\": \"b\", \"body\": \"\", \"parameters\": 1}",
         {"\"parameters\"", "object"}},
        {"{\"from\": \"a\", \"to\": \"b\", \"body\": \"\", \"parameters\": {\"A B\": \"c\"}}",
         {"\"A B\"", "5321"}},
        {"{\"from\": \"a\", \"to\": \"b\", \"body\": \"\", \"parameters\": {\"A\": \"c\\r\\nd\"}}",
         {"\"A\"", "5321"}},
        {"{\"from\": \"a\", \"to\": \"b\", \"body\": \"\", \"parameters\": {\"A\": [1]}}",
         {"\"A\"", "5321"}},
    };
    char text[300];
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct item *item;
        struct problem problem;
        (void)snprintf(text, sizeof text, "\n%s\n", rows[i].line);
        struct source *source = open_lines(state, text, &none);
        CHECK(source_next(source, &item, &problem) == SOURCE_FAILED, rows[i].line);
        CHECK(!item, rows[i].line);
        if (!strstr(problem.text, "line 2: ") || !strstr(problem.text, rows[i].words[0]) ||
            !strstr(problem.text, rows[i].words[1]))
            fail_msg("%s: %s", rows[i].line, problem.text);
        source_free(source);
    }
}

static void another_kind_of_file__is_told_what_it_was_taken_for(void **state)
{
    struct item *item;
    struct problem problem;
    struct source *source = open_lines(state, "Subject: one message\n\nhi\n", &none);
    assert_true(source_next(source, &item, &problem) == SOURCE_FAILED);
    assert_non_null(strstr(problem.text, "line 1: it is not JSON, which this was taken for; "));
    assert_non_null(strstr(problem.text, "posthaste send sends a single message"));
    source_free(source);
}

static void a_long_line__is_one_message(void **state)
{
    enum {
        size = 200000
    };
    char *text = malloc(size + 100);
    assert_non_null(text);
    strcpy(text, "{\"from\": \"a\", \"to\": \"b\", \"body\": \"");
    const size_t begin = strlen(text);
    memset(text + begin, 'x', size);
    strcpy(text + begin + size, "\"}\n");
    struct item *item;
    struct problem problem;
    struct source *source = open_lines(state, text, &none);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_int_equal(item->content.memory.length, size);
    assert_int_equal(item->size, strlen(text));
    assert_int_equal(source->total, strlen(text));
    item_free(item);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_END);
    source_free(source);
    free(text);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_are_messages),
        IN_FOLDER(a_byte_order_mark__is_passed_over_at_the_beginning),
        IN_FOLDER(a_path__is_a_file_as_it_is),
        IN_FOLDER(options_give_what_lines_lack),
        IN_FOLDER(an_address_that_is_none__concerns_its_message_alone),
        IN_FOLDER(what_is_wrong__names_line_and_field),
        IN_FOLDER(another_kind_of_file__is_told_what_it_was_taken_for),
        IN_FOLDER(a_long_line__is_one_message),
    };
    return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
