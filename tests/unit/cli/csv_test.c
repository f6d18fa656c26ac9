/* SPDX-License-Identifier: MIT */
#include "cli/bulk/csv.h"

#include <stdlib.h>
#include <string.h>

#include "unit/base/test.h"

/* Writes all fields, "|" behind each and "/" behind a record. @return how it ended */
static enum csv_next read_all(struct csv *csv, const char *text, struct bytes *all)
{
    FILE *file = tmpfile();
    enum csv_next next;
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    rewind(file);
    csv_begin(csv, file);
    bytes_clear(all);
    while ((next = csv_next(csv)) == CSV_RECORD) {
        for (size_t i = 0; i < csv->count; i++) {
            const char *field = csv_field(csv, i);
            assert_true(bytes_append(all, field, strlen(field)) && bytes_append(all, "|", 1));
        }
        assert_true(bytes_append(all, "/", 1));
    }
    assert_true(bytes_append(all, "", 0));
    assert_int_equal(fclose(file), 0);
    return next;
}

static void records_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected, *note;
    } rows[] = {
        {"a,b\nc,d\n", "a|b|/c|d|/", "LF"},
        {"a,b\r\nc,d\r\n", "a|b|/c|d|/", "CRLF"},
        {"a,b", "a|b|/", "no line end"},
        {"a,\n,b\n,\n", "a||/|b|/||/", "empty fields"},
        {"\"a,b\",\"c\"\"d\"\n", "a,b|c\"d|/", "quotes"},
        {"\"a\nb\",c\n", "a\nb|c|/", "a line end in quotes"},
        {"\"\"\n", "|/", "an empty field in quotes is a record"},
        {"\n\na\n\n", "a|/", "empty lines"},
        {"\xef\xbb\xbfto\n", "to|/", "a byte order mark"},
        {" a , b \n", " a | b |/", "blanks belong to fields"},
        {"", "", "nothing"},
        {"\"a\"\r", "a|/", "CR at the end"},
    };
    struct csv csv = {.file = NULL};
    struct bytes all = {.data = NULL};
    for (size_t i = 0; i < ROWS(rows); i++) {
        CHECK(read_all(&csv, rows[i].text, &all) == CSV_END, rows[i].note);
        if (strcmp(all.data, rows[i].expected) != 0)
            fail_msg("%s: \"%s\"", rows[i].note, all.data);
    }
    csv_release(&csv);
    bytes_release(&all);
}

static void malformed__line_and_column_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line, column;
        const char *word, *note;
    } rows[] = {
        {"a\nb\"c\n", 2, 2, "quote", "a quote in the middle"},
        {"a\n\"b\"c\n", 2, 4, "behind", "something behind a quote"},
        {"a\n\"b\nc", 3, 2, "end of the file", "an open quote"},
        {"a\rb\n", 1, 3, "carriage return", "a lone CR"},
        {"\xef\xbb"
         "a\n",
         1, 1, "byte order mark", "half a mark"},
    };
    struct csv csv = {.file = NULL};
    struct bytes all = {.data = NULL};
    for (size_t i = 0; i < ROWS(rows); i++) {
        CHECK(read_all(&csv, rows[i].text, &all) == CSV_MALFORMED, rows[i].note);
        if (csv.line != rows[i].line || csv.column != rows[i].column)
            fail_msg("%s: line %zu, column %zu", rows[i].note, csv.line, csv.column);
        CHECK(strstr(csv.wrong, rows[i].word), rows[i].note);
    }
    csv_release(&csv);
    bytes_release(&all);
}

static void a_record__has_its_limits(void **state)
{
    (void)state;
    struct csv csv = {.file = NULL};
    struct bytes all = {.data = NULL};
    char *text = malloc(csv_record_max + 10);
    assert_non_null(text);
    memset(text, 'x', csv_record_max + 1);
    text[0] = '"';
    text[csv_record_max + 1] = '\0';
    assert_int_equal(read_all(&csv, text, &all), CSV_MALFORMED);
    assert_non_null(strstr(csv.wrong, "end of the file"));
    memcpy(text + csv_record_max + 1, "xx\"\n", 5);
    assert_int_equal(read_all(&csv, text, &all), CSV_MALFORMED);
    assert_non_null(strstr(csv.wrong, "mebibyte"));
    memset(text, ',', csv_fields_max);
    text[csv_fields_max] = '\0';
    assert_int_equal(read_all(&csv, text, &all), CSV_MALFORMED);
    assert_non_null(strstr(csv.wrong, "1000 fields"));
    text[csv_fields_max - 1] = '\0';
    assert_int_equal(read_all(&csv, text, &all), CSV_END);
    free(text);
    csv_release(&csv);
    bytes_release(&all);
}

static void places__are_those_of_the_record(void **state)
{
    (void)state;
    struct csv csv = {.file = NULL};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fputs("a\r\n\n\"b\nc\"\nd\n", file) >= 0, 1);
    rewind(file);
    csv_begin(&csv, file);
    static const struct {
        size_t line, offset;
    } expected[] = {{1, 0}, {3, 4}, {5, 10}};
    for (size_t i = 0; i < ROWS(expected); i++) {
        assert_int_equal(csv_next(&csv), CSV_RECORD);
        assert_int_equal(csv.record_line, expected[i].line);
        assert_int_equal(csv.record_offset, expected[i].offset);
        assert_string_equal(csv_field(&csv, 5), "");
    }
    assert_int_equal(csv_next(&csv), CSV_END);
    assert_int_equal(fclose(file), 0);
    csv_release(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(malformed__line_and_column_are_told),
        cmocka_unit_test(a_record__has_its_limits),
        cmocka_unit_test(places__are_those_of_the_record),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
