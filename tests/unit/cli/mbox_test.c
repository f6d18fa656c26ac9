/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "unit/base/test.h"
#include "unit/cli/folder.h"

static const char *const one[] = {"b@x.org"};
static const struct envelope_options envelope = {.from = "a@x.org",
                                                 .to = {.items = (const char **)one, .count = 1}};
static const struct envelope_options of_header = {.from = NULL};

static struct source *open_mbox(void **state, const char *text, int format,
                                const struct envelope_options *options)
{
    struct source *source;
    struct problem problem;
    folder_write(state, "mbox", text);
    const struct source_options given = {
        .format = format, .path = folder_path(state, "mbox"), .envelope = options};
    assert_null(source_open(&given, &source, &problem));
    assert_int_equal(source->total, strlen(text));
    return source;
}

static void messages_are_found(void **state)
{
    static const struct {
        const char *text, *contents[4], *note;
    } rows[] = {
        {"From a\nA: b\n\none\n\nFrom c\nD: e\n\ntwo\n", {"A: b\n\none\n", "D: e\n\ntwo\n"}, "two"},
        {"From a\nA: b\n\none\n\n", {"A: b\n\none\n"}, "an empty line at the end is not its own"},
        {"From a\nA: b\n\none\n\n\n\nFrom c\nD: e\n\n",
         {"A: b\n\none\n\n\n", "D: e\n"},
         "empty lines before it are"},
        {"From a\r\nA: b\r\n\r\none\r\n\r\nFrom c\r\n\r\ntwo\r\n",
         {"A: b\r\n\r\none\r\n", "\r\ntwo\r\n"},
         "CRLF"},
        {"From a\nA: b\n\nHi\nFrom now on\n>From then\n",
         {"A: b\n\nHi\nFrom now on\nFrom then\n"},
         "\"From \" behind a line is content"},
        {"From a\nA: b\n\none", {"A: b\n\none"}, "no line end"},
        {"\n\nFrom a\nA: b\n\none\n", {"A: b\n\none\n"}, "empty lines at the beginning"},
        {"From a\nFrom b\nA: c\n\n", {"", "A: c\n"}, "a message of no line"},
        {"From a", {""}, "nothing but a \"From \" line"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct source *source = open_mbox(state, rows[i].text, FORMAT_MBOX, &envelope);
        struct item *item;
        struct problem problem;
        uint64_t sizes = 0;
        for (size_t j = 0; rows[i].contents[j]; j++) {
            CHECK(source_next(source, &item, &problem) == SOURCE_ITEM, rows[i].note);
            CHECK(!item->fault, rows[i].note);
            size_t n;
            char *content = content_of(item, &n);
            if (n != strlen(rows[i].contents[j]) ||
                (n && strcmp(content, rows[i].contents[j]) != 0))
                fail_msg("%s: \"%s\"", rows[i].note, content);
            sizes += item->size;
            free(content);
            item_free(item);
        }
        CHECK(source_next(source, &item, &problem) == SOURCE_END, rows[i].note);
        CHECK(source_next(source, &item, &problem) == SOURCE_END, "the end stays");
        CHECK(sizes <= source->total && sizes + 2 >= source->total, rows[i].note);
        source_free(source);
    }
}

static void quoting_is_as_asked_for(void **state)
{
    static const char text[] = "From a\nA: b\n\n>From x\n>>From y\n";
    struct item *item;
    struct problem problem;
    struct source *source = open_mbox(state, text, FORMAT_AUTO, &envelope);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_content(item, "A: b\n\nFrom x\n>From y\n");
    item_free(item);
    source_free(source);
    source = open_mbox(state, text, FORMAT_MBOXO, &envelope);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_content(item, "A: b\n\nFrom x\n>>From y\n");
    item_free(item);
    source_free(source);
}

static void identity__is_place_and_content(void **state)
{
    char *identities[3];
    static const char *const texts[] = {"From a\nA: b\n\none\n\nFrom c\nA: b\n\none\n",
                                        "From a\nA: b\n\none\n\nFrom c\nA: b\n\noner\n"};
    struct item *item;
    struct problem problem;
    for (size_t i = 0; i < 2; i++) {
        struct source *source = open_mbox(state, texts[i], FORMAT_MBOX, &envelope);
        assert_true(source->is_ordered);
        assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
        assert_int_equal(item->offset, 0);
        assert_string_equal(item->where, "message 1 (byte 0)");
        if (i > 0)
            assert_string_equal(item->identity, identities[0]);
        else
            identities[0] = strdup(item->identity);
        item_free(item);
        assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
        assert_string_equal(item->where, "message 2 (byte 18)");
        identities[i + 1] = strdup(item->identity);
        item_free(item);
        source_free(source);
    }
    assert_string_not_equal(identities[0], identities[1]);
    assert_string_not_equal(identities[1], identities[2]);
    for (size_t i = 0; i < 3; i++)
        free(identities[i]);
}

static void envelope__comes_from_the_header(void **state)
{
    static const struct {
        const char *header, *fault;
        size_t recipients;
        const char *note;
    } rows[] = {
        {"From: a@x.org\nTo: b@x.org, C <c@x.org>\nCc: d@x.org\nBcc: e@x.org\n", NULL, 4, "all"},
        {"Return-Path: <>\nFrom: a b\nTo: b@x.org\n", NULL, 1, "a null sender"},
        {"Sender: s@x.org\nFrom: a b\nTo: b@x.org\n", NULL, 1, "Sender before From"},
        {"From: a@x.org\nTo: b@x.org\nTo: c@x.org\n", NULL, 2, "a field twice"},
        {"To: b@x.org\n", "--from", 1, "no sender"},
        {"From: a@x.org\n", "--to", 0, "no recipient"},
        {"From: a@x.org\nTo: undisclosed-recipients:;\n", "--to", 0, "an empty group"},
        {"From: a b\nTo: b@x.org\n", "the From field: \"a b\"", 1, "no address as sender"},
        {"From: a@x.org\nTo: b@x.org\nCc: c d\n", "the Cc field: \"c d\"", 1, "no address"},
        {"From: a@x.org\nReply-To: r@x.org\nX-To: x@x.org\n", "--to", 0, "other fields"},
    };
    char text[300];
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct item *item;
        struct problem problem;
        (void)snprintf(text, sizeof text, "From a\n%s\nbody\n", rows[i].header);
        struct source *source = open_mbox(state, text, FORMAT_MBOX, &of_header);
        CHECK(source_next(source, &item, &problem) == SOURCE_ITEM, rows[i].note);
        const char *fault = item->fault ? item->fault->text : NULL;
        if (!fault != !rows[i].fault || (fault && !strstr(fault, rows[i].fault)))
            fail_msg("%s: %s", rows[i].note, fault ? fault : "no fault");
        CHECK(ph_message_recipient_count(item->message) == rows[i].recipients, rows[i].note);
        item_free(item);
        source_free(source);
    }
}

static void a_large_message__is_read_in_pieces(void **state)
{
    enum {
        size = content_kept + 70000
    };
    char *text = malloc(size + 200);
    assert_non_null(text);
    strcpy(text, "From a\nBcc: x@x.org\nA: b\n\n");
    const size_t begin = strlen(text);
    memset(text + begin, 'x', size);
    strcpy(text + begin + size, "\n\nFrom c\nA: b\n\ntwo\n");
    struct item *item;
    struct problem problem;
    struct source *source = open_mbox(state, text, FORMAT_MBOX, &envelope);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_false(item->content.is_in_memory);
    size_t n;
    char *content = content_of(item, &n);
    assert_int_equal(n, size + 7);
    assert_memory_equal(content, "A: b\n\nxxx", 9);
    free(content);
    item_free(item);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_ITEM);
    assert_content(item, "A: b\n\ntwo\n");
    item_free(item);
    source_free(source);
    free(text);
}

static void what_is_no_mbox__is_refused(void **state)
{
    struct item *item;
    struct problem problem;
    struct source *source = open_mbox(state, "Subject: x\n\n", FORMAT_MBOX, &envelope);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_FAILED);
    assert_non_null(strstr(problem.text, "is no mbox"));
    assert_null(item);
    source_free(source);
    const struct source_options none = {
        .format = FORMAT_MBOX, .path = folder_path(state, "none"), .envelope = &envelope};
    assert_non_null(source_open(&none, &source, &problem));
    assert_null(source);
    assert_non_null(strstr(problem.text, "No such file"));
}

static void nothing__has_no_message(void **state)
{
    struct item *item;
    struct problem problem;
    struct source *source = open_mbox(state, "", FORMAT_MBOX, &envelope);
    assert_int_equal(source_next(source, &item, &problem), SOURCE_END);
    source_free(source);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(messages_are_found),
        IN_FOLDER(quoting_is_as_asked_for),
        IN_FOLDER(identity__is_place_and_content),
        IN_FOLDER(envelope__comes_from_the_header),
        IN_FOLDER(a_large_message__is_read_in_pieces),
        IN_FOLDER(what_is_no_mbox__is_refused),
        IN_FOLDER(nothing__has_no_message),
    };
    return cmocka_run_group_tests_name("mbox", tests, NULL, NULL);
}
