/* SPDX-License-Identifier: MIT */
#include "cli/bulk/template.h"

#include <string.h>

#include "unit/base/test.h"

static const char *const names[] = {"to", "name", "city"};
static const char *const *values;

static const char *name_of(void *user_data, size_t index)
{
    (void)user_data;
    return names[index];
}

static const char *value_of(void *user_data, size_t index)
{
    (void)user_data;
    return values[index];
}

static const struct template_fields fields = {ROWS(names), name_of, value_of, NULL};

static const ph_error *parse(struct template *templ, const char *text, struct problem *problem)
{
    struct bytes bytes = {.data = NULL};
    assert_true(bytes_append(&bytes, text, strlen(text)));
    return template_parse(templ, "letter.txt", &bytes, &fields, problem);
}

static void fields_are_filled_in(void **state)
{
    (void)state;
    static const char *const row[] = {"a@x.org", "Ann", "multi\nline"};
    static const struct {
        const char *text, *expected, *note;
    } rows[] = {
        {"To: {{to}}\n\nDear {{name}},\n", "To: a@x.org\n\nDear Ann,\n", "header and body"},
        {"To: {{ to }}\r\n\r\n{{\tname\t}}", "To: a@x.org\r\n\r\nAnn", "blanks and CRLF"},
        {"X: y\n\n{{name}}{{name}}", "X: y\n\nAnnAnn", "side by side"},
        {"X: y\n\n{{city}}", "X: y\n\nmulti\nline", "a line break in the body"},
        {"X: y\n {{name}}\n\n", "X: y\n Ann\n\n", "a folded line of the header"},
        {"X: y\n\n{{{{name}}", "X: y\n\n{{name}}", "brackets as such"},
        {"X: y\n\n{name} }} {", "X: y\n\n{name} }} {", "single brackets"},
        {"\n{{name}}", "\nAnn", "no header"},
    };
    values = row;
    struct bytes out = {.data = NULL};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct template templ;
        struct problem problem;
        size_t refused;
        const ph_error *error = parse(&templ, rows[i].text, &problem);
        if (error)
            fail_msg("%s: %s", rows[i].note, error->message);
        CHECK(template_render(&templ, &fields, &out, &refused) == PH_OK, rows[i].note);
        if (strcmp(out.data, rows[i].expected) != 0)
            fail_msg("%s: \"%s\"", rows[i].note, out.data);
        template_release(&templ);
    }
    bytes_release(&out);
}

static void what_is_wrong__is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words[3], *note;
    } rows[] = {
        {"X: y\n\nDear {{nmae}}\n", {"line 3, column 6", "\"nmae\"", "{{name}}"}, "a slip"},
        {"X: y\n\n{{zzzzzzzzz}}\n", {"line 3, column 1", "zzzzzzzzz", "no column"}, "unknown"},
        {"X: y\n\n{{name\n}}", {"line 3, column 1", "without }}", "{{{{"}, "not closed"},
        {"X: y\n\n{{name}", {"line 3", "without }}", ""}, "half closed"},
        {"X: y\n\n{{  }}", {"line 3", "without the name", ""}, "no name"},
        {"{{name}}: y\n\n", {"line 1, column 1", "its name", ""}, "a name of the header"},
        {"A: b\n{{name}}\n\n", {"line 2, column 1", "its name", ""}, "a whole line"},
        {"Subject: {{name}}\n", {"no empty line", "letter.txt", ""}, "no body"},
        {"", {"empty", "letter.txt", ""}, "nothing"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct template templ;
        struct problem problem;
        const ph_error *error = parse(&templ, rows[i].text, &problem);
        CHECK(error && error->status == PH_ERR_ARGUMENT, rows[i].note);
        for (size_t j = 0; j < ROWS(rows[i].words); j++) {
            if (!strstr(error->message, rows[i].words[j]))
                fail_msg("%s: %s", rows[i].note, error->message);
        }
        CHECK(strstr(error->message, "nothing was sent"), rows[i].note);
        template_release(&templ);
    }
}

static void a_line_break__does_not_get_into_the_header(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {{"a@x.org", "Ann\nBcc: evil@x.org", "x"},
                                           {"a@x.org", "Ann\r\n\r\nbody", "x"},
                                           {"a@x.org", "Ann\rBcc: x", "x"}};
    struct template templ;
    struct problem problem;
    struct bytes out = {.data = NULL};
    assert_null(parse(&templ, "To: {{name}} <{{to}}>\n\n{{city}}\n", &problem));
    for (size_t i = 0; i < ROWS(wrong); i++) {
        size_t refused = 99;
        values = wrong[i];
        assert_int_equal(template_render(&templ, &fields, &out, &refused), PH_ERR_ARGUMENT);
        assert_int_equal(refused, 1);
    }
    template_release(&templ);
    bytes_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_filled_in),
        cmocka_unit_test(what_is_wrong__is_told_with_its_place),
        cmocka_unit_test(a_line_break__does_not_get_into_the_header),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
